"""People and their places in tenants (public schema)."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from apps.accounts.enums import Density, Motion, Role, Theme
from apps.accounts.models_staff import StaffAccess, StaffAct  # noqa: F401 - so that Django finds the tables
from apps.core.ids import new_id


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """A person with an unusable password unless one is given."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        """A member of staff with every permission of the back office."""
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, email: str | None) -> "User":
        """The person with that address, whatever the case of its letters."""
        return self.get(email__iexact=email)


class User(AbstractBaseUser, PermissionsMixin):
    """One global identity; what it may do in a tenant is said by its ``Membership`` there."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=12, blank=True, help_text="Empty: follow the browser.")
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=12, choices=Theme, default=Theme.SYSTEM, db_default=Theme.SYSTEM)
    density = models.CharField(
        max_length=12, choices=Density, default=Density.COMFORTABLE, db_default=Density.COMFORTABLE
    )
    motion = models.CharField(max_length=12, choices=Motion, default=Motion.SYSTEM, db_default=Motion.SYSTEM)
    single_key_shortcuts = models.BooleanField(default=True, db_default=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(db_default=Now())

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="accounts_user_email_is_unique_in_any_case"),
            models.CheckConstraint(condition=Q(theme__in=Theme.values), name="accounts_user_theme_is_known"),
            models.CheckConstraint(condition=Q(density__in=Density.values), name="accounts_user_density_is_known"),
            models.CheckConstraint(condition=Q(motion__in=Motion.values), name="accounts_user_motion_is_known"),
        ]

    def __str__(self) -> str:
        return self.email


class Membership(models.Model):
    """A person's role in one tenant. A trigger keeps at least one owner in every tenant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(
        null=True, blank=True, help_text="When the getting-started list was finished or put away; empty: still shown."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "tenant"], name="accounts_membership_once_per_tenant"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="accounts_membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class Invitation(models.Model):
    """An offer of a role, sent by e-mail. Only a hash of its token is kept; it works once and not for long."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=16, choices=Role)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                F("tenant"),
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="accounts_invitation_one_open_per_address",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="accounts_invitation_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.get_role_display()}"


class ApiSession(models.Model):
    """A family of refresh tokens: one sign-in of one API client in one tenant.

    ``current_jti`` names the only refresh token that may be exchanged; presenting an older one revokes the family.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_sessions")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="api_sessions")
    current_jti = models.CharField(max_length=64)
    label = models.CharField(max_length=200, blank=True, help_text="Client as it named itself.")
    created_at = models.DateTimeField(db_default=Now())
    refreshed_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return f"{self.user} · {self.label or self.id}"


class SignInTicket(models.Model):
    """Carries a signed-in person to a host that does not share the session cookie: works once, for a minute."""

    token_hash = models.CharField(primary_key=True, max_length=64)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    host = models.CharField(max_length=253)
    staff_access = models.ForeignKey(
        "accounts.StaffAccess", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user} → {self.host}"
