// The official web SDK in headless Chromium: a guest's page listens to the claims of an event while a user's page books.
// Reads {chromium, endpoint, project, channel, email, password, eventId, requests} from stdin, each request with a
// functionId and a body. Prints {delays, complaints}: for each of them the milliseconds from its answer until the
// guest's page had heard of everything that it has taken.
const { run, allHeard } = require("./pages.cjs");

run(async (guest, user, wanted) => {
  await guest.evaluate(listen, wanted);
  const answered = await user.evaluate(book, wanted);
  const heard = await allHeard(guest, answered.length);
  return { delays: answered.map(({ bookingId, at }) => Math.max(0, heard[bookingId] - at)) };
});

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
