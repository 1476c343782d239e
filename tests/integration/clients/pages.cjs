// The official web SDK in two pages of headless Chromium, each with a browser context of its own.
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { chromium } = require("playwright-core");

const PATIENCE_MILLISECONDS = 15000;

// Reads {chromium, ...wanted} from stdin, lets `work(guest, user, wanted)` do its work with the pages, and prints
// what it returns with the pages' complaints.
async function withPages(work) {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const { chromium: executablePath, ...wanted } = JSON.parse(Buffer.concat(chunks).toString());
  const site = http.createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end("<title>An app</title>");
  });
  await new Promise((resolve) => site.listen(0, "localhost", resolve));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  try {
    const complaints = [];
    const open = async () => {
      const page = await (await browser.newContext()).newPage();
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
      await page.goto(`http://localhost:${site.address().port}/`);
      const sdk = path.join(process.env.NODE_PATH, "appwrite", "dist", "iife", "sdk.js");
      await page.addScriptTag({ content: fs.readFileSync(sdk, "utf8") });
      return page;
    };
    const [guest, user] = [await open(), await open()];
    console.log(JSON.stringify({ ...(await work(guest, user, wanted)), complaints }));
  } finally {
    await browser.close();
    site.close();
  }
}

// What a page that fills `window.heard` has heard, once that is so many things or there is no hope.
function allHeard(page, count) {
  return page.evaluate(
    async ({ count, patience }) => {
      const end = Date.now() + patience;
      while (Object.keys(window.heard).length < count && Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return window.heard;
    },
    { count, patience: PATIENCE_MILLISECONDS },
  );
}

function run(work) {
  withPages(work).catch((error) => {
    console.error(error);
    process.exit(1);
  });
}

module.exports = { run, allHeard };
