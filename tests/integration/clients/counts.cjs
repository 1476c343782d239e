// The official web SDK in headless Chromium: a guest's page reads what is left of an event and listens to it, a user's
// page books, and then the sweep counts again. Reads {chromium, endpoint, project, key, channel, email, password,
// eventId, body} from stdin, `body` being that of the booking. Prints {read, heard, complaints}: how many tickets were
// left of each thing, by its id, when the page was opened, and what it has heard since.
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { chromium } = require("playwright-core");

const PATIENCE_MILLISECONDS = 15000;

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const wanted = JSON.parse(Buffer.concat(chunks).toString());
  const { key, chromium: executablePath, ...shown } = wanted;
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
    const read = await guest.evaluate(readAndListen, shown);
    await user.evaluate(book, shown);
    await countAgain(wanted, key);
    const expected = { count: Object.keys(read).length, patience: PATIENCE_MILLISECONDS };
    const heard = await guest.evaluate(allHeard, expected);
    console.log(JSON.stringify({ read, heard, complaints }));
  } finally {
    await browser.close();
    site.close();
  }
}

// What the schedule does every minute.
async function countAgain({ endpoint, project }, key) {
  const headers = { "x-appwrite-project": project, "x-appwrite-key": key, "content-type": "application/json" };
  const body = JSON.stringify({ body: "{}", async: false });
  const answer = await fetch(`${endpoint}/functions/sweep/executions`, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(await answer.text());
}

// The functions below run in a page.

async function readAndListen(wanted) {
  const { Client, Realtime, Query, TablesDB } = window.Appwrite;
  const client = new Client().setEndpoint(wanted.endpoint).setProject(wanted.project);
  const ofEvent = [Query.equal("eventId", [wanted.eventId])];
  window.heard = {};
  const note = ({ payload }) => {
    window.heard[payload.subjectId] = payload.ticketsLeft;
  };
  await new Realtime(client).subscribe([wanted.channel], note, ofEvent);
  const rows = { databaseId: "boxoffice", tableId: "availability", queries: ofEvent };
  const found = await new TablesDB(client).listRows(rows);
  return Object.fromEntries(found.rows.map((row) => [row.subjectId, row.ticketsLeft]));
}

async function book(wanted) {
  const { Client, Account, Functions } = window.Appwrite;
  const client = new Client().setEndpoint(wanted.endpoint).setProject(wanted.project);
  await new Account(client).createEmailPasswordSession({ email: wanted.email, password: wanted.password });
  const request = { functionId: "book_ticket_atomic", body: JSON.stringify(wanted.body) };
  const execution = await new Functions(client).createExecution(request);
  if (!JSON.parse(execution.responseBody).success) throw new Error(execution.responseBody);
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
