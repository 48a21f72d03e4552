/** What an edit would do, with no edit done. Holds secrets: show it by `unifiedDiff` alone. */
export interface Preview {
  readonly path: string;
  /** Null stands for no file. */
  readonly before: Uint8Array | null;
  readonly after: Uint8Array | null;
}
