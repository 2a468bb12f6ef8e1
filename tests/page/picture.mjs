/**
 * The picture of a page in README.md: a disk whose attach stayed uncertain.
 *
 *     node picture.mjs PAGE PNG
 */
import {resolve} from "node:path";
import {pathToFileURL} from "node:url";
import {start} from "./support/chromium.mjs";

const [, , file, picture] = process.argv;
const browser = await start();
const page = await browser.newPage({viewport: {width: 1280, height: 800}, reducedMotion: "reduce"});
await page.goto(`${pathToFileURL(resolve(file))}`);
const run = () => page.locator("#simulator form .primary").click();
await run();
await page.locator('label:has(input[name="hook-vm.add_disk"][value="uncertain"])').click();
await run();
await page.evaluate(() => document.querySelector("#resource-disk").scrollIntoView());
await page.screenshot({path: picture});
await browser.close();
