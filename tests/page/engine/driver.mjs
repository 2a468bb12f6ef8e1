// Answers scripts with the engine of the page, in Node.js or in Chromium. The work comes as JSON on
// standard input:
//
//     scripts  texts: the modules of the engine as the page has them, and play.js
//     browser  whether to use Chromium
//     jobs     what play() takes: tables of a manager, conversations, a way
//
// The answers go to standard output, as JSON: a list for each job.
import {readFileSync} from "node:fs";
import {runInThisContext} from "node:vm";

const work = JSON.parse(readFileSync(0, "utf-8"));
const answers = work.browser ? await inChromium(work) : inNode(work);
process.stdout.write(JSON.stringify(answers));

function inNode({scripts, jobs}) {
    for (const script of scripts)
        runInThisContext(script);
    return jobs.map(job => globalThis.play(job));
}

async function inChromium({scripts, jobs}) {
    const {start} = await import("../support/chromium.mjs");
    const browser = await start();
    try {
        const page = await browser.newPage();
        for (const content of scripts)
            await page.addScriptTag({content});
        return await page.evaluate(all => all.map(job => globalThis.play(job)), jobs);
    } finally {
        await browser.close();
    }
}
