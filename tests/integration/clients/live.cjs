// The official web SDK in headless Chromium: a guest's page listens to the claims of an event while a user's page books.
// Reads {chromium, endpoint, project, channel, email, password, eventId, requests} from stdin, each request with a
// functionId and a body. Prints {delays, complaints}: for each of them the milliseconds from its answer until the
// guest's page had heard of everything that it has taken.
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { chromium } = require("playwright-core");

const PATIENCE_MILLISECONDS = 15000;

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const wanted = JSON.parse(Buffer.concat(chunks).toString());
  const site = http.createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end("<title>An app</title>");
  });
  await new Promise((resolve) => site.listen(0, "localhost", resolve));
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  const browser = await chromium.launch({ executablePath: wanted.chromium, args });
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
    await guest.evaluate(listen, wanted);
    const answered = await user.evaluate(book, wanted);
    const heard = await guest.evaluate(allHeard, { count: answered.length, patience: PATIENCE_MILLISECONDS });
    const delays = answered.map(({ bookingId, at }) => Math.max(0, heard[bookingId] - at));
    console.log(JSON.stringify({ delays, complaints }));
  } finally {
    await browser.close();
    site.close();
  }
}

// The functions below run in a page. `Date.now()` is the same clock in both pages.

async function listen(wanted) {
  const { Client, Realtime, Query } = window.Appwrite;
  const client = new Client().setEndpoint(wanted.endpoint).setProject(wanted.project);
  window.heard = {};
  const note = ({ events, payload }) => {
    if (events.some((name) => name.endsWith(".create"))) window.heard[payload.bookingId] = Date.now();
  };
  await new Realtime(client).subscribe([wanted.channel], note, [Query.equal("eventId", [wanted.eventId])]);
}

async function book(wanted) {
  const { Client, Account, Functions } = window.Appwrite;
  const client = new Client().setEndpoint(wanted.endpoint).setProject(wanted.project);
  await new Account(client).createEmailPasswordSession({ email: wanted.email, password: wanted.password });
  const answered = [];
  for (const { functionId, body } of wanted.requests) {
    const execution = await new Functions(client).createExecution({ functionId, body: JSON.stringify(body) });
    const answer = JSON.parse(execution.responseBody);
    if (!answer.success) throw new Error(execution.responseBody);
    answered.push({ bookingId: answer.data.bookingId, at: Date.now() });
  }
  return answered;
}

async function allHeard({ count, patience }) {
  const end = Date.now() + patience;
  while (Object.keys(window.heard).length < count && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return window.heard;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
