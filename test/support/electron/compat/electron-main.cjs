// @ts-nocheck -- see index.cjs
'use strict';
/** What Electron's main process gained between 22 and 45, as far as a tray app calls it. */
const { app, clipboard, net, protocol, safeStorage } = require('electron');
const { readFileSync } = require('node:fs');
const { readFile } = require('node:fs/promises');
const { extname } = require('node:path');
const { fileURLToPath } = require('node:url');
const { supply } = require('./supply.cjs');

const mediaTypes = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.woff2': 'font/woff2',
};
/** Chromium’s code for what a handler threw. */
const netErrUnexpected = -9;

supply(net, 'fetch', () => fetchThrough(undefined));
extendProtocol(protocol);
app.on('session-created', (session) => {
  extendProtocol(session.protocol);
  supply(session, 'fetch', () => fetchThrough(session));
});
storage();
clipboards();

function extendProtocol(target) {
  supply(target, 'handle', () => (scheme, handler) => handle(target, scheme, handler));
  supply(target, 'unhandle', () => (scheme) => {
    if (target.unregisterProtocol(scheme) || target.uninterceptProtocol(scheme)) return;
    throw new Error(`Failed to unhandle protocol: ${scheme}`);
  });
  // Then it told by a promise, as a method on its way out; now it tells at once.
  target.isProtocolHandled = (scheme) =>
    target.isProtocolRegistered(scheme) || target.isProtocolIntercepted(scheme);
}

/** Over the buffer protocol, so a response must come to an end. */
function handle(target, scheme, handler) {
  const known = ['http', 'https', 'file'].includes(scheme);
  const register = known ? target.interceptBufferProtocol : target.registerBufferProtocol;
  const registered = register.call(target, scheme, (request, callback) => {
    Promise.resolve(webRequest(request))
      .then(handler)
      .then(bufferResponse)
      .then(callback, (error) => {
        console.error(error);
        callback({ error: netErrUnexpected });
      });
  });
  if (!registered) throw new Error(`Failed to register protocol: ${scheme}`);
}

function webRequest({ url, method, headers, uploadData = [] }) {
  const parts = uploadData.map(({ bytes, file }) => bytes ?? readFileSync(file));
  return new Request(url, {
    method,
    // Chromium gives a page without origin the text “null”, which is no address.
    headers: Object.entries(headers).filter(([, value]) => value !== 'null'),
    ...(parts.length === 0 ? {} : { body: Buffer.concat(parts) }),
  });
}

async function bufferResponse(response) {
  const type = response.headers.get('content-type') ?? '';
  const charset = /charset=([^;]+)/i.exec(type)?.[1];
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    data: Buffer.from(await response.arrayBuffer()),
    mimeType: type.split(';')[0] || undefined,
    charset,
  };
}

/** net.fetch and session.fetch: files from the disk, everything else over Chromium’s network; bodies are collected. */
function fetchThrough(session) {
  return async (input, options) => {
    const request = new Request(input, options);
    if (new URL(request.url).protocol === 'file:') return fetchFile(request.url);
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    return new Promise((resolve, reject) => {
      const { method, url, redirect } = request;
      const outgoing = net.request({ method, url, redirect, session });
      request.headers.forEach((value, name) => outgoing.setHeader(name, value));
      request.signal.addEventListener(
        'abort',
        () => {
          outgoing.abort();
          reject(request.signal.reason);
        },
        { once: true },
      );
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => collect(incoming).then(resolve, reject));
      outgoing.end(body);
    });
  };
}

async function fetchFile(url) {
  const path = fileURLToPath(url);
  const content = await readFile(path).catch((cause) => {
    throw new Error('net::ERR_FILE_NOT_FOUND', { cause });
  });
  const type = mediaTypes[extname(path)] ?? 'application/octet-stream';
  return new Response(content, { headers: { 'content-type': type } });
}

async function collect(incoming) {
  const chunks = [];
  await new Promise((resolve, reject) => {
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.on('end', resolve);
    incoming.on('error', reject);
  });
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headers)) {
    for (const value of [values].flat()) headers.append(name, value);
  }
  const status = incoming.statusCode;
  const empty = status === 204 || status === 205 || status === 304;
  return new Response(empty ? null : Buffer.concat(chunks), { status, headers });
}

/** The calls that give a promise, the only ones Electron 46 keeps. */
function storage() {
  supply(safeStorage, 'isAsyncEncryptionAvailable', () => async () => safeStorage.isEncryptionAvailable());
  supply(safeStorage, 'encryptStringAsync', () => async (text) => safeStorage.encryptString(text));
  supply(safeStorage, 'decryptStringAsync', () => async (data) => ({
    result: safeStorage.decryptString(data),
    shouldReEncrypt: false,
  }));
}

/** Since Electron 44 the clipboard answers by promises; what answered at once would hide a forgotten await. */
function clipboards() {
  for (const name of ['readText', 'readHTML', 'writeText', 'writeHTML', 'clear']) {
    const atOnce = clipboard[name];
    clipboard[name] = async (...args) => Reflect.apply(atOnce, clipboard, args);
  }
}
