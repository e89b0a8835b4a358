# SPDX-License-Identifier: Apache-2.0
from django.urls import path

from . import views

urlpatterns = [
    path("users/", views.UserList.as_view(), name="user-list"),
    path("users/<int:pk>/", views.UserDetail.as_view(), name="user-detail"),
    path("orders/", views.OrderList.as_view(), name="order-list"),
    path("orders/fast/", views.OrderListFast.as_view(), name="order-list-fast"),
    path("orders/export/", views.Export.as_view(), name="order-export"),
    path("report/", views.Report.as_view(), name="report"),
    path("rates/", views.Rates.as_view(), name="rates"),
    path("failing/", views.Failing.as_view(), name="failing"),
]
