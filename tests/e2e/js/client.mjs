// Drives matrix-js-sdk for a test: reads one call per line, {"method", "arguments"}, and answers each with a line,
// {"result"} or {"error"}. The environment names the installation of the SDK, the servers, and the user.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { INSTALLED, HOMESERVER, IDENTITY_SERVER, USER_ID, ACCESS_TOKEN } = process.env;
const entry = createRequire(`${INSTALLED}/`).resolve("matrix-js-sdk");
// The SDK logs to the console, but standard output is for answers.
for (const level of ["trace", "debug", "log", "info", "warn"]) console[level] = console.error;
const { MatrixError, createClient } = await import(pathToFileURL(entry));

let identityToken = null;
const client = createClient({
    baseUrl: HOMESERVER,
    idBaseUrl: IDENTITY_SERVER,
    userId: USER_ID,
    accessToken: ACCESS_TOKEN,
    // As Element hands it in, for what the homeserver does in its user's name.
    identityServer: { getAccessToken: async () => identityToken },
});

async function call({ method, arguments: args }) {
    try {
        const result = await client[method](...args);
        if (method === "registerWithIdentityServer") identityToken = result.token ?? result.access_token;
        // A room is more than a line can say.
        return { result: method === "joinRoom" ? result.roomId : (result ?? null) };
    } catch (error) {
        if (!(error instanceof MatrixError)) throw error;
        return { error: { status: error.httpStatus, body: error.data } };
    }
}

for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await call(JSON.parse(line)))}\n`);
}
