"""What a tenant's schema keeps about models: money and verdicts, and the prompts of the workspace."""

from apps.ai.models.prompts import (
    Prompt,
    PromptCase,
    PromptChange,
    PromptTestResult,
    PromptTestRun,
    PromptVersion,
)
from apps.ai.models.spending import (
    AICall,
    Budget,
    BudgetCounter,
    Reservation,
    Review,
    ReviewLabel,
    UsageDay,
    UsageMark,
)

__all__ = [
    "AICall", "Budget", "BudgetCounter", "Prompt", "PromptCase", "PromptChange", "PromptTestResult", "PromptTestRun",
    "PromptVersion", "Reservation", "Review", "ReviewLabel", "UsageDay", "UsageMark",
]  # fmt: skip
