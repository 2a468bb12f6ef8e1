// Rules for JavaScript: those that find faults, and one style. `make lint` runs them.
import js from "@eslint/js";
import stylistic from "@stylistic/eslint-plugin";
import globals from "globals";

const FAULTS = {
    ...js.configs.recommended.rules,
    "eqeqeq": "error",
    "no-control-regex": "off", // JSON forbids control characters
    "no-implicit-globals": "error",
    "no-shadow": "error",
    "no-throw-literal": "error",
    "no-unused-expressions": "error",
    "no-var": "error",
    "prefer-const": "error",
};

// As the C: four blanks, lines of at most 100 columns, and what an `if` does below it.
const STYLE = {
    "@stylistic/array-bracket-spacing": "error",
    "@stylistic/arrow-parens": ["error", "as-needed"],
    "@stylistic/arrow-spacing": "error",
    "@stylistic/block-spacing": ["error", "never"],
    "@stylistic/brace-style": ["error", "1tbs"],
    "@stylistic/comma-spacing": "error",
    "@stylistic/eol-last": "error",
    "@stylistic/indent": ["error", 4, {
        SwitchCase: 0, ArrayExpression: "off", ignoredNodes: ["ConditionalExpression"],
        CallExpression: {arguments: "off"},
    }],
    "@stylistic/keyword-spacing": "error",
    "@stylistic/max-len": ["error", 100],
    "@stylistic/max-statements-per-line": "error",
    "@stylistic/no-multi-spaces": "error",
    "@stylistic/no-multiple-empty-lines": ["error", {max: 1}],
    "@stylistic/no-trailing-spaces": "error",
    "@stylistic/nonblock-statement-body-position": ["error", "below"],
    "@stylistic/object-curly-spacing": "error",
    "@stylistic/operator-linebreak": ["error", "before", {overrides: {"=": "after"}}],
    "@stylistic/quotes": ["error", "double", {avoidEscape: true}],
    "@stylistic/semi": "error",
    "@stylistic/space-before-blocks": "error",
    "@stylistic/space-infix-ops": "error",
};

export default [
    {
        files: ["**/*.js", "**/*.mjs"],
        languageOptions: {ecmaVersion: 2022, sourceType: "module"},
        linterOptions: {reportUnusedDisableDirectives: "error"},
        plugins: {"@stylistic": stylistic},
        rules: {...FAULTS, ...STYLE},
    },
    // The engine knows no browser, so that Node.js can run it.
    {files: ["gen/berthc/emit/html/view/**"], languageOptions: {globals: globals.browser}},
    // Tests run in Node.js, and send functions to the browser.
    {
        files: ["tests/**"],
        languageOptions: {globals: {...globals.browser, ...globals.node, axe: "readonly"}},
    },
    // A script that stands behind the modules of a page, which are variables there.
    {
        files: ["tests/page/engine/play.js"],
        languageOptions: {
            sourceType: "script",
            globals: {module_engine_simulator: "readonly", module_engine_text: "readonly"},
        },
        rules: {"no-unused-vars": "off", "no-implicit-globals": "off"},
    },
];
