"use strict";

// Signs somebody in with a Matrix account: discovers the homeserver, signs in there with a flow it offers,
// requests an OpenID token, signs out again, and sends only that token to the server this page
// comes from. A password is sent only to the homeserver.
//
// The messages are in the page, in the reader's language, under the names used here.

// The time limits for an answer of the homeserver, and for signing in on its page, in milliseconds.
const PATIENCE = 20_000;
const AWAY = 15 * 60_000;

// State kept in this tab while the person is on the homeserver's page.
const REMEMBERED = "vouch-sign-in";

const byId = (id) => document.getElementById(id);
const [form, handOver, mxid, password, problem, status] =
  ["sign-in", "hand-over", "mxid", "password", "problem", "status"].map(byId);

// The discovered homeserver: its name, its address and what it offers.
let homeserver = null;

// An error with a message for people, by the name of its text.
class Problem extends Error {
  constructor(text, values = {}) {
    super(text);
    this.values = values;
  }
}

function say(text, values) {
  const pattern = byId("texts").content.querySelector(`[data-say="${text}"]`).textContent;
  return pattern.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// ---- requests to the homeserver ----

// Returns the status and the JSON of an answer, or {} if it is not a JSON object. Redirects are
// followed only for requests without secrets.
async function ask(url, { json, form, token, redirect = "error" } = {}) {
  const headers = {};
  if (json) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const body = json ? JSON.stringify(json) : form && new URLSearchParams(form);
  try {
    const response = await fetch(url, {
      method: body ? "POST" : "GET", headers, body, redirect, keepalive: true, cache: "no-store", credentials: "omit",
      referrerPolicy: "no-referrer", signal: AbortSignal.timeout(PATIENCE),
    });
    const answer = await response.json().catch(() => null);
    return { ok: response.ok, status: response.status, answer: Object(answer) };
  } catch {
    throw new Problem("unreachable");
  }
}

// Returns the JSON of a successful answer, or throws the homeserver's reason.
async function demand(url, what) {
  const { ok, status, answer } = await ask(url, what);
  if (ok) return answer;
  if (status === 429) throw new Problem("wait", { seconds: Math.ceil((answer.retry_after_ms ?? 60_000) / 1000) });
  if (answer.errcode === "M_USER_DEACTIVATED") throw new Problem("deactivated");
  throw new Problem(status === 401 || status === 403 ? "forbidden" : "refused");
}

// Returns a homeserver's URL if passwords may be sent to it.
function secure(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" && !url.username && !url.password ? url : null;
  } catch {
    return null;
  }
}

// ---- discovery ----

// Returns the server name in a Matrix ID. People leave out the @, and phones capitalise the first letter.
function serverName(text) {
  const parts = /^@?[^@:\s]+:((?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?)$/i.exec(text.trim());
  if (!parts || !secure(`https://${parts[1]}`)) throw new Problem("mistyped");
  return parts[1].toLowerCase();
}

const belongs = (user, server) => typeof user === "string" && user.slice(user.indexOf(":") + 1) === server;

// Client-Server API, "Server discovery". Most web sites without this document send no CORS headers with their 404,
// which looks like no answer at all; the homeserver's own name is tried then too.
async function discover(name) {
  const host = name.replace(/:\d+$/, "");
  const found = await ask(`https://${host}/.well-known/matrix/client`, { redirect: "follow" }).catch(() => null);
  let base = new URL(`https://${name}`);
  if (found && found.status !== 404) {
    base = found.ok && secure(found.answer["m.homeserver"]?.base_url);
    if (!base) throw new Problem("misconfigured");
  }
  const client = `${base.origin}${base.pathname.replace(/\/+$/, "")}/_matrix/client`;
  const versions = await ask(`${client}/versions`, { redirect: "follow" });
  if (!versions.ok || !Array.isArray(versions.answer.versions)) throw new Problem("no-homeserver");
  const [oauth, flows] = await Promise.all([authMetadata(client), loginFlows(client)]);
  if (oauth && !isTheirs(oauth, [host, base.hostname])) throw new Problem("mixed-up");
  const offers = (type) => flows.find((flow) => Object(flow).type === type);
  // With OAuth 2.0, single sign-on may be just another way to the same page.
  const sso = offers("m.login.sso");
  const isSame = oauth && (sso?.oauth_aware_preferred || sso?.["org.matrix.msc3824.delegated_oidc_compatibility"]);
  const ways = { oauth: Boolean(oauth), sso: Boolean(sso) && !isSame, password: Boolean(offers("m.login.password")) };
  if (!Object.values(ways).includes(true)) throw new Problem("no-way");
  return { name, client, oauth, ways };
}

async function loginFlows(client) {
  const { ok, answer } = await ask(`${client}/v3/login`);
  return ok && Array.isArray(answer.flows) ? answer.flows : [];
}

// Returns the OAuth 2.0 metadata and the prefix of its scopes; older homeservers use unstable names.
async function authMetadata(client) {
  for (const [path, scope] of [
    ["v1", "urn:matrix:client"],
    ["unstable/org.matrix.msc2965", "urn:matrix:org.matrix.msc2967.client"],
  ]) {
    const { ok, answer } = await ask(`${client}/${path}/auth_metadata`).catch(() => ({ ok: false }));
    if (ok && ENDPOINTS.every((name) => secure(answer[name]))) return { ...answer, scope };
  }
  return null;
}

// The endpoints of OAuth 2.0 metadata. Revocation is required: a request to an undefined URL would go to this server,
// which must not receive the token.
const ENDPOINTS = ["authorization", "token", "registration", "revocation"].map((of) => `${of}_endpoint`);

// Returns whether OAuth 2.0 metadata names a server of those who run the homeserver. Otherwise this could be a mix-up
// attack (RFC 9700, section 4.4): somebody signs in at another server, where they have an account too, and the code
// goes to a token endpoint of the homeserver, or the token to its Client-Server API. So the code goes where it comes
// from, and that belongs to the homeserver's name or address. A separate host, such as account.example.org for
// example.org, is usual.
function isTheirs(oauth, hosts) {
  const urls = ["issuer", ...ENDPOINTS].map((name) => secure(oauth[name]));
  if (!urls.every((url) => url)) return false;
  const [issuer, ...endpoints] = urls;
  const areTogether = endpoints.every((url) => url.origin === endpoints[0].origin);
  const sites = hosts.map(site);
  return areTogether && [issuer, endpoints[0]].every((url) => sites.includes(site(url.hostname)));
}

const SECOND_LEVELS = new Set("ac co com edu go gob gouv gov ltd me mil ne net nom or org plc sch".split(" "));

// Returns the domain of a host that somebody has registered: its last two labels, or three below a second level such as
// co.uk. Browsers know the whole list of public suffixes, but cannot be asked.
function site(host) {
  if (/^[\d.]+$|:/.test(host)) return host;
  const labels = host.toLowerCase().replace(/\.$/, "").split(".");
  const isPublic = labels.at(-1).length === 2 && SECOND_LEVELS.has(labels.at(-2));
  return labels.slice(isPublic ? -3 : -2).join(".");
}

// ---- signing in ----

const device = () => form.dataset.device;

async function byPassword() {
  const secret = password.value;
  password.value = "";
  const user = mxid.value.trim().replace(/^@?/, "@");
  const local = user.slice(0, user.indexOf(":"));
  const login = {
    type: "m.login.password", identifier: { type: "m.id.user", user: `${local}:${homeserver.name}` }, password: secret,
    initial_device_display_name: device(),
  };
  await byLogin(homeserver, login, "wrong-password");
}

// Signs in through the Client-Server API.
async function byLogin({ name, client }, login, forbidden) {
  const { access_token: token, user_id: user } = await demand(`${client}/v3/login`, { json: login }).catch((error) => {
    throw error.message === "forbidden" ? new Problem(forbidden) : error;
  });
  await conclude({ name, client, token, user, end: () => ask(`${client}/v3/logout`, { json: {}, token }) });
}

async function byOAuth({ name, client, oauth }) {
  const here = (path) => new URL(path, location.href).href;
  const redirect = form.action;
  const { client_id: id } = await demand(oauth.registration_endpoint, {
    json: {
      client_name: form.dataset.name, client_uri: here(form.dataset.home), policy_uri: here(form.dataset.policies),
      tos_uri: here(form.dataset.policies), redirect_uris: [redirect], application_type: "web",
      grant_types: ["authorization_code"], response_types: ["code"], token_endpoint_auth_method: "none",
    },
  });
  if (typeof id !== "string") throw new Problem("refused");
  const [state, verifier] = [random(), random()];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  remember({
    name, client, state, verifier, id, redirect, issuer: oauth.issuer, tokens: oauth.token_endpoint,
    revocation: oauth.revocation_endpoint, namesIssuer: oauth.authorization_response_iss_parameter_supported === true,
  });
  leave(oauth.authorization_endpoint, {
    response_type: "code", response_mode: "fragment", client_id: id, redirect_uri: redirect, state,
    scope: `${oauth.scope}:api:* ${oauth.scope}:device:${random()}`,
    code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: "S256",
  });
}

// Unlike OAuth 2.0, this names no issuer: a homeserver can send the person to the page of another one, and be
// given a login token of theirs. So the page says whose page opens, and the token goes only to this homeserver.
async function bySso({ name, client }) {
  const back = new URL(form.action);
  const state = random();
  back.searchParams.set("state", state);
  remember({ name, client, state });
  leave(`${client}/v3/login/sso/redirect`, { redirectUrl: back.href });
}

function leave(url, query) {
  const to = new URL(url);
  for (const [name, value] of Object.entries(query)) to.searchParams.set(name, value);
  status.textContent = say("leaving", { server: homeserver.name });
  location.assign(to);
}

function remember(what) {
  const visit = { ...what, mxid: mxid.value, errand: handOver.elements.for.value, at: Date.now() };
  sessionStorage.setItem(REMEMBERED, JSON.stringify(visit));
}

function recall() {
  try {
    const visit = JSON.parse(sessionStorage.getItem(REMEMBERED));
    sessionStorage.removeItem(REMEMBERED);
    return visit && Date.now() - visit.at < AWAY ? visit : null;
  } catch {
    // Missing if the browser stores nothing.
    return null;
  }
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// ---- coming back ----

// Returns what the homeserver sent back: a code in the fragment (OAuth 2.0), or a login token in the query (single
// sign-on).
function takeAnswer() {
  const answer = [location.hash, location.search].map((text) => new URLSearchParams(text.slice(1)));
  return answer.find((parameters) => parameters.has("state"));
}

async function comeBack(answer, visit) {
  if (!visit || visit.state !== answer.get("state")) throw new Problem("stale");
  mxid.value = visit.mxid;
  handOver.elements.for.value = visit.errand;
  homeserver = visit;
  if (answer.has("error")) throw new Problem(answer.get("error") === "access_denied" ? "cancelled" : "refused");
  if (answer.has("loginToken") && !visit.verifier) {
    const login = { type: "m.login.token", token: answer.get("loginToken"), initial_device_display_name: device() };
    return byLogin(visit, login, "stale");
  }
  // RFC 9207: an answer from another issuer is an attempt to obtain its code.
  const issuers = answer.getAll("iss");
  const isOurs = issuers.every((issuer) => issuer === visit.issuer) && (issuers.length > 0 || !visit.namesIssuer);
  if (!answer.has("code") || !visit.verifier || !isOurs) throw new Problem("stale");
  await redeem(answer.get("code"), visit);
}

async function redeem(code, { name, client, verifier, id, redirect, tokens, revocation }) {
  const { access_token: token } = await demand(tokens, {
    form: { grant_type: "authorization_code", code, redirect_uri: redirect, client_id: id, code_verifier: verifier },
  });
  const end = () => ask(revocation, { form: { token, token_type_hint: "access_token", client_id: id } });
  await conclude({ name, client, token, end });
}

// ---- the proof ----

// Requests an OpenID token with a session at the homeserver, and ends the session whether or not that succeeded.
// The token is good only for asking that homeserver whose it is.
async function conclude({ name, client, token, user, end }) {
  if (typeof token !== "string") throw new Problem("refused");
  let proof;
  try {
    user ??= (await demand(`${client}/v3/account/whoami`, { token })).user_id;
    if (!belongs(user, name)) throw new Problem("stranger");
    proof = await demand(`${client}/v3/user/${encodeURIComponent(user)}/openid/request_token`, { json: {}, token });
    if (typeof proof.access_token !== "string") throw new Problem("refused");
  } finally {
    await end().catch(end).catch(() => {});
  }
  handOver.elements.access_token.value = proof.access_token;
  handOver.elements.matrix_server_name.value = name;
  handOver.elements.expires_in.value = Number.isSafeInteger(proof.expires_in) ? proof.expires_in : "";
  handOver.submit();
}

// ---- the page ----

let isBusy = false;

// Runs an action once, and shows what went wrong. If it succeeds, the page is left or shows something new.
async function work(doing, todo) {
  if (isBusy) return;
  busy(true);
  problem.hidden = true;
  status.textContent = say(doing, { server: homeserver?.name });
  try {
    await todo();
  } catch (error) {
    busy(false);
    tell(error instanceof Problem ? error : new Problem("broken"));
  }
}

function busy(is) {
  isBusy = is;
  form.setAttribute("aria-busy", is);
  // Not disabled, because it would lose the keyboard focus.
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", is);
}

function tell({ message, values }) {
  const text = message === "forbidden" ? "refused" : message;
  status.textContent = "";
  problem.textContent = say(text, { server: homeserver?.name ?? mxid.value.split(":").slice(1).join(":"), ...values });
  problem.hidden = false;
  problem.focus();
  mxid.setAttribute("aria-invalid", text === "mistyped");
}

function offer() {
  const { name, ways } = homeserver;
  byId("next").hidden = true;
  byId("redirects").hidden = !ways.oauth && !ways.sso;
  for (const [id, has] of [["oauth", ways.oauth], ["sso", ways.sso], ["sso-hint", ways.sso]]) {
    byId(id).hidden = !has;
    byId(id).textContent = say(id, { server: name });
  }
  byId("with-password").hidden = !ways.password;
  byId("sso").classList.toggle("primary", !ways.oauth);
  byId("with-password").querySelector("button").classList.toggle("primary", !ways.oauth && !ways.sso);
  password.required = ways.password;
  status.textContent = say("choose", { server: name });
  busy(false);
  (ways.oauth ? byId("oauth") : ways.sso ? byId("sso") : password).focus();
}

function beginAgain() {
  homeserver = null;
  byId("next").hidden = false;
  for (const id of ["redirects", "sso-hint", "with-password"]) byId(id).hidden = true;
  status.textContent = "";
  password.value = "";
  password.required = false;
}

mxid.addEventListener("input", beginAgain);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (homeserver?.ways?.password) {
    work("signing-in", byPassword);
  } else {
    work("asking", async () => {
      homeserver = null;
      homeserver = await discover(serverName(mxid.value));
      offer();
    });
  }
});
byId("oauth").addEventListener("click", () => work("leaving", () => byOAuth(homeserver)));
byId("sso").addEventListener("click", () => work("leaving", () => bySso(homeserver)));
// Coming back with the browser's back button starts over with an empty form.
addEventListener("pageshow", (event) => event.persisted && location.reload());

form.hidden = false;
const answer = takeAnswer();
const visit = recall();
if (answer) {
  history.replaceState(null, "", form.action);
  work("signing-in", () => comeBack(answer, visit));
} else if (!problem.hidden) {
  problem.focus();
}
