// Reads a page on standard input; says what is wrong with its HTML, and ends with 1 if anything is.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const installed = createRequire(pathToFileURL(`${process.argv[2]}/`));
const { HtmlValidate, StaticConfigLoader } = installed("html-validate");

const config = {
  root: true,
  extends: ["html-validate:recommended", "html-validate:document", "html-validate:a11y"],
  rules: {
    "require-sri": "error",
    "no-inline-style": "error",
    "no-unknown-elements": "error",
    // A title says what came of it, in a sentence if need be.
    "long-title": "off",
    // A form that a script sends has no button, and nobody sees it.
    "wcag/h32": "off",
    // As HTML itself writes it.
    "doctype-style": ["error", { style: "lowercase" }],
  },
};
const validator = new HtmlValidate(new StaticConfigLoader(config));
const report = await validator.validateString(await text(process.stdin), "page.html");
for (const { messages } of report.results) {
  for (const { line, column, ruleId, message } of messages) {
    console.log(`${line}:${column} ${ruleId}: ${message}`);
  }
}
process.exitCode = report.valid && report.warningCount === 0 ? 0 : 1;
