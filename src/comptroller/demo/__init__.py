"""The synthetic health economy: a fictional year of care, its files, faults and answers.

In: a preset (`presets`), a size and a seed. Out: a folder with what providers and SUS would have
sent over a year, by day of receipt, reference data, and the answer key of the planted faults.
People (`people`), their care (`care`), what is charged for it (`lines`, `prices`), the money
between the parties (`finance`) and the files (`deliver`; `layouts`, `local_layouts` and `sending`
say how they are laid out) are simulated in SQL;
`faults` corrupts some of it; `scoring` compares what the checks found with the key, and nothing
else reads it. The room owns no table and never imports the checks, except to run them from its
command.
"""

from comptroller.demo.economy import Economy, build_economy
from comptroller.demo.scoring import Score, score

__all__ = ["Economy", "Score", "build_economy", "score"]
