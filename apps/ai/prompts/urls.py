"""Pages about prompts, below /prompts/."""

from django.urls import path

from apps.ai.pages import prompt_tests as tests
from apps.ai.pages import prompts

app_name = "prompts"
urlpatterns = [
    path("", prompts.prompt_list, name="prompt_list"),
    path("new/", prompts.prompt_create, name="prompt_create"),
    path("built-in/<str:name>/", prompts.builtin_detail, name="builtin_detail"),
    path("<slug:slug>/", prompts.prompt_detail, name="prompt_detail"),
    path("<slug:slug>/publish/", prompts.prompt_publish, name="prompt_publish"),
    path("<slug:slug>/archive/", prompts.prompt_archive, name="prompt_archive"),
    path("<slug:slug>/restore/", prompts.prompt_restore, name="prompt_restore"),
    path("<slug:slug>/versions/", prompts.version_list, name="version_list"),
    path("<slug:slug>/versions/compare/", prompts.version_compare, name="version_compare"),
    path("<slug:slug>/versions/<int:number>/", prompts.version_detail, name="version_detail"),
    path("<slug:slug>/versions/<int:number>/use/", prompts.version_use, name="version_use"),
    path("<slug:slug>/versions/<int:number>/edit/", prompts.version_edit, name="version_edit"),
    path("<slug:slug>/tests/", tests.test_list, name="test_list"),
    path("<slug:slug>/tests/new/", tests.case_create, name="case_create"),
    path("<slug:slug>/tests/<uuid:case_id>/", tests.case_edit, name="case_edit"),
    path("<slug:slug>/tests/<uuid:case_id>/delete/", tests.case_delete, name="case_delete"),
    path("<slug:slug>/tests/run/", tests.run_start, name="run_start"),
    path("<slug:slug>/tests/runs/<uuid:run_id>/", tests.run_detail, name="run_detail"),
    path("<slug:slug>/tests/runs/<uuid:run_id>/stop/", tests.run_stop, name="run_stop"),
]
