// The official web SDK in headless Chromium: a guest's page reads what is left of an event and listens to it, a user's
// page books, and then the sweep counts again. Reads {chromium, endpoint, project, key, channel, email, password,
// eventId, body} from stdin, `body` being that of the booking. Prints {read, heard, complaints}: how many tickets were
// left of each thing, by its id, when the page was opened, and what it has heard since.
const { run, allHeard } = require("./pages.cjs");

run(async (guest, user, { key, ...wanted }) => {
  const read = await guest.evaluate(readAndListen, wanted);
  await user.evaluate(book, wanted);
  await countAgain(wanted, key);
  return { read, heard: await allHeard(guest, Object.keys(read).length) };
});

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
