# SPDX-License-Identifier: Apache-2.0
from django.db import models


class User(models.Model):
    name = models.CharField(max_length=80)
    email = models.EmailField(unique=True)

    class Meta:
        ordering = ["id"]


class Order(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="orders")
    item = models.CharField(max_length=80)
    cents = models.PositiveIntegerField()
    placed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
