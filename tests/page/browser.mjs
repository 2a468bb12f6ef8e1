/**
 * Opens pages in Chromium for the tests in views.mjs.
 *
 *     node browser.mjs TEST PAGES
 *
 * PAGES is a folder of pages. The test fails where it throws, where the page says something on its
 * console, and where it asks for anything of a network.
 */
import assert from "node:assert/strict";
import {pathToFileURL} from "node:url";
import {need, start} from "./support/chromium.mjs";
import * as views from "./views.mjs";

const [, , name, folder] = process.argv;
const browser = await start();
const problems = [];

/** A page of the folder. `size`: [width, height]; `mode`: light or dark; `hash`: with its "#". */
async function open(file, {size = [1440, 900], mode = "light", hash = "", url = ""} = {}) {
    const context = await browser.newContext({
        viewport: {width: size[0], height: size[1]}, colorScheme: mode, offline: url === "",
        permissions: ["clipboard-read", "clipboard-write"], reducedMotion: "reduce",
    });
    const page = await context.newPage();
    page.setDefaultTimeout(10000);
    page.on("console", message => problems.push(`console: ${message.text()}`));
    page.on("pageerror", error => problems.push(`error: ${error.message}`));
    page.on("request", request => {
        if (!url && !/^(file|data|blob):/.test(request.url()))
            problems.push(`asks for ${request.url()}`);
    });
    await page.goto(url || `${pathToFileURL(`${folder}/${file}`)}${hash}`);
    return page;
}

try {
    await views[name]({open, problems, axe: need.resolve("axe-core"), folder});
    assert.deepEqual(problems, []);
} catch (error) {
    console.error(error);
    process.exitCode = 1;
} finally {
    await browser.close();
}
