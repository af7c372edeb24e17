"""The portal as an app, on a workspace's host."""

from django.urls import path

from apps.portal.pwa import views

app_name = "pwa"
urlpatterns = [
    path("sw.js", views.service_worker, name="worker"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("robots.txt", views.robots, name="robots"),
    path("offline/", views.offline, name="offline"),
    path("app/", views.install, name="install"),
    path("app/push/", views.push_state, name="push_state"),
    path("app/push/subscribe/", views.push_subscribe, name="push_subscribe"),
    path("app/push/unsubscribe/", views.push_unsubscribe, name="push_unsubscribe"),
]
