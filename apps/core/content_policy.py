"""What a browser may load and run on our pages (Content Security Policy Level 3)."""

from typing import Any

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

# The portal and sign-in: own files only; an inline script needs the request's nonce, inline styles and handlers never run.
PORTAL_POLICY: dict[str, list[Any]] = {
    "default-src": [NONE],
    "script-src": [SELF, NONCE],
    "style-src": [SELF, NONCE],
    "img-src": [SELF, "data:", "blob:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "manifest-src": [SELF],
    "worker-src": [SELF],
    "media-src": [SELF, "blob:"],
    "form-action": [SELF],
    "frame-src": [NONE],
    "frame-ancestors": [NONE],
    "object-src": [NONE],
    "base-uri": [NONE],
    "report-uri": ["/telemetry/content-policy/"],
}


def portal_policy(*, base_domain: str, events_port: int | None) -> dict[str, list[object]]:
    """The portal's policy; where no proxy joins the events process to the portal's own address, its port may be reached too."""
    if events_port is None:
        return {**PORTAL_POLICY}
    origins = [f"http://{base_domain}:{events_port}", f"http://*.{base_domain}:{events_port}"]
    return {**PORTAL_POLICY, "connect-src": [SELF, *origins]}


# The back office is Unfold: Alpine.js evaluates the expressions in its attributes, and theme colours and popovers are inline
# styles. Only staff reach it, and scripts still come from our own files alone.
BACK_OFFICE_POLICY: dict[str, list[Any]] = {
    **PORTAL_POLICY,
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}
