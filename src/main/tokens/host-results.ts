/** What a token host may answer. The process runs foreign code, so its answers are checked like a stranger's. */
import * as z from 'zod';
import { isErrorCode } from '../../shared/errors.ts';
import { keyInfoSchema } from '../../shared/model.ts';
import type { HostEvent, HostMethod, HostResult } from './host/protocol.ts';

const hex = z.string().regex(/^([0-9a-f]{2})*$/);
const base64 = z.base64();

const key = z.object({
  id: hex,
  label: z.string(),
  type: keyInfoSchema.shape.type,
  size: keyInfoSchema.shape.size.nullable(),
  alwaysAuthenticate: z.boolean(),
  signs: z.boolean().nullable(),
  spki: base64.nullable(),
});

const tokenRef = z.object({
  serial: z.string(),
  label: z.string(),
  manufacturer: z.string(),
  model: z.string(),
  reader: z.string().optional(),
});

export const hostResults: { readonly [M in HostMethod]: z.ZodType<HostResult<M>> } = {
  open: z.object({ description: z.string(), manufacturer: z.string() }),
  tokens: z.array(
    tokenRef.extend({
      slotId: z.string().regex(/^\d+$/),
      slotDescription: z.string(),
      firmware: z.string(),
      loginRequired: z.boolean(),
      pinInitialised: z.boolean(),
      pinCountLow: z.boolean(),
      pinFinalTry: z.boolean(),
      pinLocked: z.boolean(),
      pinHeld: z.boolean(),
    }),
  ),
  objects: z.object({
    certificates: z.array(z.object({ id: hex, label: z.string(), value: base64 })),
    publicKeys: z.array(key),
    privateKeys: z.array(key),
    privateVisible: z.boolean(),
    unreadable: z.array(z.string()),
  }),
  login: z.object({}).strict(),
  sign: z.object({ signature: base64 }),
  counts: z.object({ sign: z.int().nonnegative(), login: z.int().nonnegative() }),
};

export const hostEventSchema: z.ZodType<HostEvent> = z.object({
  event: z.literal('tokens'),
  present: z.array(tokenRef),
});

export const hostResponseSchema = z.union([
  z.object({
    id: z.int(),
    failure: z.object({
      code: z.string().refine(isErrorCode),
      detail: z.string(),
      heldPinRefused: z.literal(true).optional(),
    }),
  }),
  z.object({ id: z.int(), result: z.unknown() }),
]);
