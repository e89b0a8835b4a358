# SPDX-License-Identifier: Apache-2.0
"""Endpoints with the faults that real applications have, so that the measures have something to show."""
import json
import os
import urllib.request

from django.db import connection
from django.db.models import Count, Sum
from django.http import StreamingHttpResponse
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import Order, User

ORDERS_MAX = 50
# Large enough to be seen beside the other endpoints, small enough for a demonstration.
REPORT_STEPS = 60_000


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "name", "email"]


class OrderSerializer(serializers.ModelSerializer):
    # The user of each order is read alone: the N+1 fault, seen as queries=51 in the extended line.
    user = UserSerializer(read_only=True)
    user_id = serializers.PrimaryKeyRelatedField(queryset=User.objects.all(), source="user", write_only=True)

    class Meta:
        model = Order
        fields = ["id", "user", "user_id", "item", "cents", "placed_at"]


class UserList(generics.ListCreateAPIView):
    serializer_class = UserSerializer

    def get_queryset(self):
        return User.objects.all()[:ORDERS_MAX]


class UserDetail(generics.RetrieveAPIView):
    queryset = User.objects.all()
    serializer_class = UserSerializer


class OrderList(generics.ListCreateAPIView):
    serializer_class = OrderSerializer

    def get_queryset(self):
        return Order.objects.all()[:ORDERS_MAX]


class OrderListFast(generics.ListAPIView):
    """The same list with one query."""

    serializer_class = OrderSerializer

    def get_queryset(self):
        return Order.objects.select_related("user")[:ORDERS_MAX]


class Report(APIView):
    """Slow in the database."""

    def get(self, request):
        with connection.cursor() as cursor:
            cursor.execute("WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < %s)"
                           " SELECT sum(n * (SELECT count(*) FROM shop_user)) FROM step", [REPORT_STEPS])
            weight = cursor.fetchone()[0]
        rows = User.objects.annotate(orders_count=Count("orders"), cents=Sum("orders__cents"))
        return Response({"weight": weight, "users": [{"id": u.id, "orders": u.orders_count, "cents": u.cents} for u in rows]})


class Export(APIView):
    """Streams every order as JSON lines."""

    def get(self, request):
        def lines():
            for order in Order.objects.values("id", "item", "cents").iterator(chunk_size=100):
                yield json.dumps(order) + "\n"

        return StreamingHttpResponse(lines(), content_type="application/x-ndjson")


class Rates(APIView):
    """Slow in another service."""

    def get(self, request):
        with urllib.request.urlopen(os.environ["SHOP_PARTNER_URL"], timeout=10) as answer:
            return Response(json.load(answer))


class Failing(APIView):
    """A programming error: Django answers 500."""

    def get(self, request):
        return Response({"average": sum([]) / len([])})
