"""What goes in and out of the token endpoints."""

from rest_framework import serializers

from apps.core.api import StrictSerializer


class CredentialsIn(StrictSerializer):
    """Details of a sign-in; ``code`` is the second factor, ``label`` names the client in the list of sessions."""

    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=1024, trim_whitespace=False)
    code = serializers.CharField(max_length=32, required=False, default="", allow_blank=True)
    label = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class RefreshIn(StrictSerializer):
    """A refresh token."""

    refresh = serializers.CharField(max_length=4096)


class TokenPairOut(serializers.Serializer):
    """A pair of tokens; lifetimes in seconds."""

    access = serializers.CharField()
    refresh = serializers.CharField()
    access_expires_in = serializers.IntegerField()
    refresh_expires_in = serializers.IntegerField()
    token_type = serializers.CharField(default="Bearer")
