// Look at pages as a reader does: axe-core in headless Chromium, at phone and desktop width, light and dark.
// node docs/axe.mjs [--chromium PATH] [--shots FOLDER] FILE.html ...   needs `npm install axe-core puppeteer-core`
// Ends with 1 where a serious or critical finding is left, or a page is wider than its window.
import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.cwd(), "package.json"));
const options = { chromium: process.env.CHROMIUM || "/usr/bin/chromium", shots: null };
const files = [];
for (let args = process.argv.slice(2); args.length; ) {
  const argument = args.shift();
  if (argument.startsWith("--")) options[argument.slice(2)] = args.shift();
  else files.push(argument);
}
if (!files.length) {
  console.error("usage: node docs/axe.mjs [--chromium PATH] [--shots FOLDER] FILE.html ...");
  process.exit(2);
}
const puppeteer = require("puppeteer-core");
const axe = require.resolve("axe-core/axe.min.js");
if (options.shots) mkdirSync(options.shots, { recursive: true });

const browser = await puppeteer.launch({ executablePath: options.chromium, args: ["--no-sandbox", "--disable-gpu"] });
let wrong = 0;
for (const file of files) {
  for (const [width, scheme] of [[390, "light"], [1280, "light"], [1280, "dark"]]) {
    const page = await browser.newPage();
    const asked = [];
    page.on("request", (request) => {
      if (!/^(file|data|blob):/.test(request.url())) asked.push(request.url());
    });
    await page.setBypassCSP(true); // a report lets no script run, axe's neither
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.setViewport({ width, height: 900, deviceScaleFactor: 1 });
    await page.goto(pathToFileURL(resolve(file)).href, { waitUntil: "load" });
    await page.addScriptTag({ path: axe });
    const found = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    const said = [];
    for (const { id, impact, help, nodes } of found.violations) {
      said.push(`${impact}: ${id}, ${nodes.length} times: ${help}; ${nodes[0].target} ${nodes[0].html.slice(0, 140)}`);
      if (impact === "serious" || impact === "critical") wrong += 1;
    }
    if (wide > 0) {
      said.push(`${wide} px wider than its window`);
      wrong += 1;
    }
    for (const url of asked) {
      said.push(`asks another server: ${url}`);
      wrong += 1;
    }
    console.log(`${file}, ${width} px, ${scheme}: ${said.length ? "" : "nothing found"}`);
    for (const line of said) console.log(`  ${line}`);
    if (options.shots) {
      const name = `${basename(dirname(resolve(file)))}_${basename(file, ".html")}_${width}_${scheme}`;
      await page.screenshot({ path: join(options.shots, `${name}.png`), fullPage: false });
      if (width === 1280 && scheme === "light") {
        await page.pdf({ path: join(options.shots, `${name}.pdf`), format: "A4", printBackground: true });
      }
    }
    await page.close();
  }
}
await browser.close();
process.exit(wrong ? 1 : 0);
