// Answers scripts with the engine of the page, in Node.js or in Chromium. The work comes as JSON on
// standard input:
//
//     engine   folder of simulator.js
//     browser  whether to use Chromium
//     jobs     what play.mjs takes: tables of a manager, conversations, a way
//
// The answers go to standard output, as JSON: a list for each job.
import {readFileSync} from "node:fs";
import {basename, dirname, join} from "node:path";
import {fileURLToPath, pathToFileURL} from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const SITE = "http://engine.test";

const work = JSON.parse(readFileSync(0, "utf-8"));
const answers = work.browser ? await inChromium(work) : await inNode(work);
process.stdout.write(JSON.stringify(answers));

async function inNode({engine, jobs}) {
    const load = path => import(pathToFileURL(path).href);
    const {play} = await load(join(HERE, "play.mjs"));
    const {Simulator} = await load(join(engine, "simulator.js"));
    const {parse, write} = await load(join(engine, "text.js"));
    return jobs.map(job => play({Simulator, parse, write}, job));
}

/** The modules come from a site that only this browser knows; it has no network. */
async function inChromium({engine, jobs}) {
    const {start} = await import("../support/browser.mjs");
    const browser = await start();
    try {
        const page = await browser.newPage();
        await page.route("**/*", route => route.fulfill(served(engine, route.request().url())));
        await page.goto(`${SITE}/`);
        return await page.evaluate(async jobs => {
            const {play} = await import("/play.mjs");
            const {Simulator} = await import("/engine/simulator.js");
            const {parse, write} = await import("/engine/text.js");
            return jobs.map(job => play({Simulator, parse, write}, job));
        }, jobs);
    } finally {
        await browser.close();
    }
}

function served(engine, url) {
    const name = basename(url);
    if (!/\.m?js$/.test(name))
        return {contentType: "text/html", body: "<!doctype html><title>engine</title>"};
    const folder = name === "play.mjs" ? HERE : engine;
    return {contentType: "text/javascript", body: readFileSync(join(folder, name), "utf-8")};
}
