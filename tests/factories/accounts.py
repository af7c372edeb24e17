"""People and their places."""

import factory

from apps.accounts.enums import Role
from apps.accounts.models import Membership, User


class UserFactory(factory.django.DjangoModelFactory):
    """A person who belongs to no tenant yet."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda number: f"person{number}@example.com")
    name = factory.Sequence(lambda number: f"Person {number}")
    password = factory.django.Password("correct horse battery staple")


class MembershipFactory(factory.django.DjangoModelFactory):
    """A new person as editor of the tenant whose id is given as ``tenant_id``."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    role = Role.EDITOR
