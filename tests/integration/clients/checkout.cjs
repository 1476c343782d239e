// A customer at the checkout page, in headless Chromium: opens it, reads what is asked for, clicks, and goes away.
// Reads {chromium, page, button, email} from stdin, prints what the page said.
const { chromium } = require("playwright-core");

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const wanted = JSON.parse(Buffer.concat(chunks).toString());
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  const browser = await chromium.launch({ executablePath: wanted.chromium, args });
  try {
    const page = await browser.newPage({ viewport: { width: 480, height: 720 } });
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));

    await page.goto(wanted.page);
    const asked = {
      order: await page.textContent("#order-id"),
      amount: await page.textContent("#amount"),
    };
    await page.fill("input[name=email]", wanted.email);
    await page.click(`#${wanted.button}`);
    await page.waitForSelector("#status");
    const told = {
      status: await page.textContent("#status"),
      result: JSON.parse(await page.textContent("#result")),
    };
    console.log(JSON.stringify({ asked, told, complaints }));
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
