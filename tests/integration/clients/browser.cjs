// The official web SDK in headless Chromium: signs in, listens, books, reads its own rows. Reads
// {chromium, endpoint, project, email, password, functionId, database, body} from stdin, prints what the page saw.
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { chromium } = require("playwright-core");

const MESSAGE_MILLISECONDS = 15000;

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
    const page = await browser.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(`http://localhost:${site.address().port}/`);
    const sdk = path.join(process.env.NODE_PATH, "appwrite", "dist", "iife", "sdk.js");
    await page.addScriptTag({ content: fs.readFileSync(sdk, "utf8") });
    const seen = await page.evaluate(useTheSdk, { ...wanted, patience: MESSAGE_MILLISECONDS });
    console.log(JSON.stringify({ ...seen, complaints }));
  } finally {
    await browser.close();
    site.close();
  }
}

// Runs in the page.
async function useTheSdk(wanted) {
  const { Client, Account, Functions, TablesDB, Realtime, Query } = window.Appwrite;
  const client = new Client().setEndpoint(wanted.endpoint).setProject(wanted.project);
  const account = new Account(client);
  await account.createEmailPasswordSession({ email: wanted.email, password: wanted.password });
  const me = await account.get();

  const messages = [];
  let heard;
  const first = new Promise((resolve) => (heard = resolve));
  const subscription = await new Realtime(client).subscribe(
    [`databases.${wanted.database}.tables.tickets.rows`],
    (message) => {
      messages.push({ events: message.events, payload: message.payload });
      heard();
    },
  );

  const execution = await new Functions(client).createExecution({
    functionId: wanted.functionId,
    body: JSON.stringify(wanted.body),
  });
  const late = new Promise((resolve) => setTimeout(resolve, wanted.patience));
  await Promise.race([first, late]);
  await subscription.close();

  const rows = await new TablesDB(client).listRows({
    databaseId: wanted.database,
    tableId: "tickets",
    queries: [Query.equal("eventId", wanted.body.eventId)],
  });
  return { userId: me.$id, execution, messages, rows: rows.rows };
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
