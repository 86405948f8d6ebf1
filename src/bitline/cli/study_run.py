"""What commands that run a study have in common: their beginning and their end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bitline.cli.consent import allowed_study
from bitline.cli.inputs import beside, check_text
from bitline.cli.launch import Crew
from bitline.cli.output import Output, complain
from bitline.cli.study_tables import study_notes, write_report
from bitline.cli.table import Table
from bitline.config.files import check_place

if TYPE_CHECKING:
    from bitline.study import Study, StudyResult


@dataclass(frozen=True)
class StudyRun:
    """A study, who works on it, and where its results go.

    Attributes:
        output: of the command.
        crew: who does the work.
        file: of the study.
        study: what is run.
        store: file of its results.
        report: HTML file to write at the end, if any.
    """

    output: Output
    crew: Crew
    file: Path
    study: Study
    store: Path
    report: Path | None

    @classmethod
    def of(cls, context: typer.Context, crew: Crew) -> StudyRun:
        """What the options of a command say.

        Args:
            context: of a command with the options STUDY, --out and --report.
            crew: what its other options say.

        Raises:
            BitlineError: the study is not valid, or the workers are not there.
        """
        from bitline.study import Study

        crew.check(context)
        given = context.params  # where Typer 0.16 keeps paths as text
        file = Path(given["study"])
        out, report = (None if given[name] is None else Path(given[name]) for name in ("out", "report"))
        return cls(Output.of(context), crew, file, Study.load(file), out or beside(file, "sqlite"), report)

    def begin(self, allow_code: bool, retry_failed: bool) -> None:
        """Try what will be written, and let the code run that the study names, before the work.

        Args:
            allow_code: whether the person gave --allow-code.
            retry_failed: whether designs that failed are tried again.

        Raises:
            BitlineError: it cannot be written, or the person does not allow the code.
        """
        from bitline.study import forget_failures

        check_place("--out", self.store)
        check_text("--report", self.report, ".html")
        allowed_study(self.study, str(self.file), allow_code)
        if retry_failed:
            forget_failures(self.store)

    def end(self, shown: list[Table | str], result: StudyResult, failures: tuple[str, ...], done: str) -> None:
        """Show results, write the report, and say what failed.

        Args:
            shown: tables and texts.
            result: all that is known.
            failures: which designs of the study failed, and why.
            done: what was done, in words.

        Raises:
            typer.Exit: with status 1 where a design failed.
        """
        self.output.results(*shown)
        study_notes(result, self.output)
        write_report(result, self.report, self.output)
        self.output.note(f"{done}; results in {self.store}")
        for failure in failures:
            complain(f"failed: {failure}")
        if failures:
            self.output.note("what failed is not tried again, unless with --retry-failed")
            raise typer.Exit(1)
