/** The server against known answers it had no part in making: what the field's own signers sent. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openAccount } from '../../support/roles-anywhere/account.ts';
import { send } from '../../support/roles-anywhere/reference-client.ts';
import { startServer, type RunningServer } from '../../support/roles-anywhere/server.ts';
import { parseAmzDate } from '../../support/roles-anywhere/sigv4.ts';

interface Vector {
  readonly name: string;
  readonly input: {
    readonly certificate_pem_file: string;
    readonly chain_pem_files: readonly string[];
    readonly x_amz_date: string;
    readonly body: string;
    readonly extra_signed_headers: Readonly<Record<string, string>>;
  };
  readonly expected: {
    readonly authorization: string;
    readonly url: string;
    readonly serial_decimal: string;
    readonly signature_hex: string;
  };
}

const folder = join(import.meta.dirname, '../../vectors/peer-derived');
const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
const { vectors } = JSON.parse(read('vectors.json')) as { readonly vectors: readonly Vector[] };
const base64 = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '');

let server: RunningServer;
expect(vectors.length).toBeGreaterThanOrEqual(16);
afterEach(() => server.close());

/** The request as the peer sent it. */
function replay({ input, expected }: Vector) {
  const url = new URL(expected.url);
  const chain = input.chain_pem_files.map((file) => base64(read(file)));
  return {
    method: 'POST',
    target: expected.url.slice(url.origin.length),
    headers: {
      Host: url.host,
      'Content-Type': 'application/json',
      'X-Amz-Date': input.x_amz_date,
      'X-Amz-X509': base64(read(input.certificate_pem_file)),
      ...(chain.length === 0 ? {} : { 'X-Amz-X509-Chain': chain.join(',') }),
      ...input.extra_signed_headers,
      Authorization: expected.authorization,
    },
    body: input.body,
  };
}

/** The certificates of the vectors are younger than most of the dates that were signed. */
const certificatesBegin = Date.parse('2026-11-21T20:46:00Z');

describe('requests of other signers', () => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', async (_, vector) => {
    const now = parseAmzDate(vector.input.x_amz_date)!;
    server = await startServer({ account: openAccount(read('keys/root.pem')), now: () => now });
    const reply = await send(server.url, replay(vector));
    expect(server.requests[0]).toMatchObject({
      signatureValid: true,
      serial: vector.expected.serial_decimal,
      signature: vector.expected.signature_hex,
      reason: now < certificatesBegin ? 'leaf-not-yet-valid' : null,
    });
    expect(reply.status).toBe(now < certificatesBegin ? 403 : 201);
  });

  it.each(vectors.map((vector) => [vector.name, vector] as const))(
    '%s: one bit of the body',
    async (_, vector) => {
      const now = parseAmzDate(vector.input.x_amz_date)!;
      server = await startServer({ account: openAccount(read('keys/root.pem')), now: () => now });
      await send(server.url, { ...replay(vector), body: `${vector.input.body} ` });
      expect(server.requests[0]).toMatchObject({ signatureValid: false, reason: 'signature-invalid' });
    },
  );
});
