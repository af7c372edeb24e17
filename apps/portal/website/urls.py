"""Addresses of the public site: one per page and language, and the files machines ask for."""

from django.urls import path, register_converter

from apps.portal.languages import language_list
from apps.portal.website import views
from apps.portal.website.site import EntryName, SiteLanguage
from apps.portal.website.sitemap import sitemap

register_converter(SiteLanguage, "site_language")
register_converter(EntryName, "entry")

app_name = "site"
urlpatterns = [
    path("", views.root, name="root"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", sitemap, name="sitemap"),
    path("staff/languages/", language_list, name="language_list"),
    path("<site_language:language>/", views.landing, name="landing"),
    path("<site_language:language>/product/", views.product, name="product"),
    path("<site_language:language>/solutions/", views.solutions, name="solutions"),
    path("<site_language:language>/integrations/", views.integrations, name="integrations"),
    path("<site_language:language>/integrations/<slug:slug>/", views.integration, name="integration"),
    path("<site_language:language>/pricing/", views.pricing, name="pricing"),
    path("<site_language:language>/docs/", views.docs, name="docs"),
    path("<site_language:language>/docs/reference/", views.reference, name="reference"),
    path("<site_language:language>/docs/reference/<slug:shelf>/", views.reference_shelf, name="reference_shelf"),
    path(
        "<site_language:language>/docs/reference/<slug:shelf>/<entry:slug>/",
        views.reference_entry,
        name="reference_entry",
    ),
    path("<site_language:language>/docs/<slug:slug>/", views.article, name="article"),
    path("<site_language:language>/status/", views.status, name="status"),
    path("<site_language:language>/changelog/", views.changelog, name="changelog"),
    path("<site_language:language>/security/", views.security, name="security"),
    path("<site_language:language>/accessibility/", views.accessibility, name="accessibility"),
    path("<site_language:language>/contact/", views.contact, name="contact"),
    path("<site_language:language>/legal/", views.legal, name="legal"),
    path("<site_language:language>/legal/<slug:slug>/", views.paper, name="paper"),
]
