// Books with the official SDK for Node. Reads {endpoint, project, session or key, functionId, body} from stdin,
// prints the execution.
const { Client, Functions } = require("node-appwrite");

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const wanted = JSON.parse(Buffer.concat(chunks).toString());
  const client = new Client().setEndpoint(wanted.endpoint).setProject(wanted.project);
  if (wanted.session) client.setSession(wanted.session);
  else client.setKey(wanted.key);
  const made = await new Functions(client).createExecution({
    functionId: wanted.functionId,
    body: JSON.stringify(wanted.body),
  });
  console.log(JSON.stringify(made));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
