/** The control path: the same as the server's programmatic face, for a server in another process. */
import { z } from 'zod';
import type { Answer } from './answers.ts';
import { faultSchema, type Faults } from './faults.ts';

/** What can be steered from outside. */
export interface Controllable {
  readonly faults: Faults;
  readonly requests: unknown[];
  clockOffsetSeconds: number;
}

const faultsSchema = z.union([z.array(faultSchema), faultSchema.transform((fault) => [fault])]);
const clockSchema = z.strictObject({ offsetSeconds: z.number() });

const reply = (status: number, value: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: `${JSON.stringify(value)}\n`,
});

/** Answers one request to `/_control/...`. @param body null where it was too long to be kept. */
export function control(server: Controllable, method: string, path: string, body: Buffer | null): Answer {
  if (body === null) return reply(413, { message: 'the body is too long' });
  try {
    return reply(200, route(server, `${method} ${path.slice('/_control'.length)}`, body.toString('utf8')));
  } catch (error) {
    if (error instanceof z.ZodError) return reply(400, { message: z.prettifyError(error) });
    if (error instanceof SyntaxError) return reply(400, { message: `not JSON: ${error.message}` });
    if (error instanceof NoSuchRoute) return reply(404, { message: 'no such control; see README.md' });
    throw error;
  }
}

class NoSuchRoute extends Error {}

function route(server: Controllable, what: string, body: string): unknown {
  switch (what) {
    case 'GET /faults':
      return { faults: server.faults.active };
    case 'POST /faults':
      for (const fault of faultsSchema.parse(JSON.parse(body))) server.faults.add(fault);
      return { faults: server.faults.active };
    case 'DELETE /faults':
      server.faults.clear();
      return { faults: [] };
    case 'GET /requests':
      return { requests: server.requests };
    case 'DELETE /requests':
      server.requests.length = 0;
      return { requests: [] };
    case 'GET /clock':
      return { offsetSeconds: server.clockOffsetSeconds };
    case 'PUT /clock':
      server.clockOffsetSeconds = clockSchema.parse(JSON.parse(body)).offsetSeconds;
      return { offsetSeconds: server.clockOffsetSeconds };
    default:
      throw new NoSuchRoute();
  }
}
