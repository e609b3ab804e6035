"""That doors.py finds what it is for; run by `make lint`."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import doors


class DoorsTests(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.sources = Path(scratch.name)

    def write(self, path: str, text: str) -> None:
        file = self.sources / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def complaints_about_folders(self, table: doors.Table) -> list[str]:
        return [complaint.removeprefix(f"{self.sources}/") for complaint in doors.check_folders(self.sources, table)]

    def assert_names(self, use: str, declaration: str, *expected: str) -> None:
        """Writes a use into the folder Web and a declaration into Log, which Web may not name."""
        self.write("Web/Use.swift", use)
        self.write("Log/Declaration.swift", declaration)
        self.assertEqual(self.complaints_about_folders({"Log": "", "Web": ""}), list(expected))

    # Folders

    def test_a_type_from_a_closed_folder_is_found(self) -> None:
        expected = "Web/Use.swift:2: Web may not name Sink, which Log declares"
        for use in ("let a = Sink()", "func f(_ s: borrowing Sink)", "extension Sink {}", 'let s = "\\(Sink.name)"'):
            self.assert_names("\n" + use, "struct Sink {}", expected)
        for declaration in ("final class Sink {}", "@safe struct Sink: ~Copyable {}", "public enum Sink {}"):
            self.assert_names("\nlet a: Sink", declaration, expected)

    def test_functions_and_constants_are_found(self) -> None:
        expected = "Web/Use.swift:1: Web may not name told, which Log declares"
        self.assert_names("let a = told(1)", "func told(_ n: Int) {}", expected)
        self.assert_names("let a = told", "let told = 1", expected)

    def test_an_open_door_is_no_trouble(self) -> None:
        self.write("Web/Use.swift", "let a = Sink()")
        self.write("Log/Declaration.swift", "struct Sink {}")
        self.assertEqual(self.complaints_about_folders({"Log": "", "Web": "Log"}), [])
        self.assertEqual(self.complaints_about_folders({"Log+Web": ""}), [])

    def test_what_is_no_use_is_none(self) -> None:
        for use in ("// Sink", "/* Sink */", 'let a = "Sink \\\\(x) \\" Sink"', "let a = Log.Sink", "let a = Sinks()"):
            self.assert_names(use, "struct Sink {}")
        self.assert_names('let a = """\nSink "Sink" \\(b)\n"""\nlet c = #"\\(Sink)"#', "struct Sink {}")
        self.assert_names("let a = log.told(1)\nlet b = f(told: 1)", "func told(_ n: Int) {}")

    def test_private_nested_and_own_names_are_left_alone(self) -> None:
        self.assert_names("let a = Sink()", "private struct Sink {}")
        self.assert_names("let a = Sink()", "struct Log {\n    struct Sink {}\n}")
        self.assert_names("struct Web {\n    struct Sink {}\n    let a = Sink()\n}", "struct Sink {}")

    def test_a_file_beside_the_folders_is_a_row(self) -> None:
        self.write("Build.swift", "enum Build {}")
        self.write("Log/Use.swift", "let a = Build.version")
        complaint = "Log/Use.swift:1: Log may not name Build, which Build declares"
        self.assertEqual(self.complaints_about_folders({"Build": "", "Log": ""}), [complaint])
        self.assertEqual(self.complaints_about_folders({"Build": "", "Log": "Build"}), [])

    def test_circles_and_unknown_rows_are_found(self) -> None:
        self.write("Log/File.swift", "")
        self.write("Web/File.swift", "")
        circle = "folders name each other in a circle: Log -> Web -> Log"
        self.assertEqual(self.complaints_about_folders({"Log": "Web", "Web": "Log"}), [circle])
        self.assertEqual(self.complaints_about_folders({"Log": ""}), ["folder Web is not in the table"])
        missing = "folder Gone is in the table and does not exist"
        self.assertEqual(self.complaints_about_folders({"Log": "", "Web": "", "Gone": ""}), [missing])
        self.assertEqual(
            self.complaints_about_folders({"Log": "", "Web": "Gone"}), ["the row of Web names Gone, which has no row"]
        )

    # Modules

    def complaints_about_modules(self, table: doors.Table, package: dict[str, set[str]]) -> list[str]:
        complaints = doors.check_modules(self.sources, table, package)
        return [complaint.removeprefix(f"{self.sources}/") for complaint in complaints]

    def test_an_import_that_is_not_in_the_row_is_found(self) -> None:
        expected = ["HTTP/File.swift:2: HTTP may not import Kernel"]
        for line in ("import Kernel", "internal import Kernel", "@preconcurrency public import struct Kernel.Timer"):
            self.write("HTTP/File.swift", f"import Bytes\n{line}\n")
            self.assertEqual(self.complaints_about_modules({"HTTP": "Bytes"}, {"HTTP": {"Bytes"}}), expected)
        self.write("HTTP/File.swift", "import Bytes\n// import Kernel\n")
        self.assertEqual(self.complaints_about_modules({"HTTP": "Bytes"}, {"HTTP": {"Bytes"}}), [])

    def test_the_table_must_agree_with_the_package(self) -> None:
        self.write("HTTP/File.swift", "import Glibc\n")
        self.assertEqual(
            self.complaints_about_modules({"HTTP": "Glibc Bytes"}, {"HTTP": {"Kernel"}}),
            [
                "module HTTP may import Bytes according to the table only",
                "module HTTP may import Kernel according to Package.swift only",
            ],
        )

    def test_circles_of_modules_are_found(self) -> None:
        for module in ("A", "B", "C"):
            self.write(f"{module}/File.swift", "")
        table = {"A": "B", "B": "C", "C": "A"}
        package = {name: {allowed} for name, allowed in table.items()}
        circle = "modules import each other in a circle: A -> B -> C -> A"
        self.assertEqual(self.complaints_about_modules(table, package), [circle])


if __name__ == "__main__":
    unittest.main()
