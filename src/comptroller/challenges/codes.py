"""The codes in which a provider answers a challenge, and what each one does by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ResponseCode:
    """One answer: its code, its meaning to the provider, and what follows from it."""

    code: str
    meaning: str
    effect: str

    @property
    def choice(self) -> str:
        """How the answer stands in a drop-down: its code first, so that it can be read back."""
        return f"{self.code} – {self.meaning}"


RESPONSE_CODES: Final[tuple[ResponseCode, ...]] = (
    ResponseCode("A1", "Accept, credit in next period", "Credit due"),
    ResponseCode("A2", "Accept, corrected in next submission", "Wait for the corrected slice"),
    ResponseCode("A3", "Part accept (give the amount)", "Credit due in part"),
    ResponseCode(
        "A4", "Accept principle, transfer to other commissioner", "Credit due; payer is told"
    ),
    ResponseCode("R1", "Patient was yours or registered with you: evidence", "Payer checked again"),
    ResponseCode("R2", "Not a duplicate: separate event", "Closed or challenged again"),
    ResponseCode("R3", "Coding correct, note reviewed", "Sampled for audit"),
    ResponseCode("R4", "Price correct: agreed local price or variation", "Schedule corrected"),
    ResponseCode("R5", "Approval held: reference supplied", "Register updated"),
    ResponseCode("R6", "Clinically appropriate or exceptional", "Clinical panel"),
    ResponseCode("R7", "Outside contract terms, block or fixed element", "Payment terms corrected"),
    ResponseCode("R8", "Out of time", "Expired"),
    ResponseCode("R9", "Rule misapplied or wrong reference version", "Rule corrected"),
    ResponseCode("Q1", "Need identifiers", "Query returned"),
    ResponseCode("Q2", "Need more detail", "Query returned"),
    ResponseCode("D1", "Data not available or already re-submitted", "Wait for the slice"),
    ResponseCode("N1", "No response", "Overdue"),
)
