/** The four kinds of vectors, told apart by their fields. */
import * as z from 'zod';

const hex = z.string().regex(/^([0-9a-f]{2})+$/i);
const headers = z.record(z.string(), z.string());
const fields = z.record(z.string(), z.unknown());
const optional = (schema: z.ZodString) => schema.nullish().transform((value) => value ?? null);

/** A CreateSession request, signed. */
export const sessionVectorSchema = z.object({
  name: z.string(),
  input: z.object({
    certificate_pem_file: z.string(),
    private_key_pem_file: optional(z.string()),
    chain_pem_files: z.array(z.string()).default([]),
    region: z.string(),
    endpoint: z.string(),
    x_amz_date: z.string().regex(/^\d{8}T\d{6}Z$/),
    profile_arn: optional(z.string()),
    role_arn: optional(z.string()),
    trust_anchor_arn: optional(z.string()),
    body: z.string(),
    extra_signed_headers: headers.default({}),
  }),
  expected: fields,
});
export type SessionVector = z.infer<typeof sessionVectorSchema>;

/** Any request, up to its string to sign. */
export const requestVectorSchema = z.object({
  name: z.string(),
  method: z.string(),
  uri: z.string(),
  query_string: z.string(),
  headers,
  body: z.string(),
  timestamp: z.iso.datetime(),
  region: z.string(),
  key_type: z.string().regex(/^(rsa|ec)/i),
  expected: fields,
});
export type RequestVector = z.infer<typeof requestVectorSchema>;

/** r‖s and its DER. */
export const derVectorSchema = z.object({ name: z.string().optional(), raw_r_s_hex: hex, der_hex: hex });
export type DerVector = z.infer<typeof derVectorSchema>;

/** A text and its signature. */
export const messageVectorSchema = z.object({
  name: z.string().optional(),
  message_hex: hex,
  private_key_pem_file: z.string(),
  sha256_signature_hex: hex.optional(),
});
export type MessageVector = z.infer<typeof messageVectorSchema>;

export const fileSchema = z.object({ vectors: z.array(z.unknown()).min(1) });
