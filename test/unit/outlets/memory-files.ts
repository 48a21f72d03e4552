/** The Files port over a map, with a user who may write in between. */
import type { EditOptions, EditResult, Files } from '../../../src/main/ports.ts';
import { decode, encode } from './sections.ts';

export class MemoryFiles implements Files {
  readonly texts = new Map<string, string>();
  /** Every edit that changed something. */
  readonly writes: { readonly path: string; readonly options: EditOptions }[] = [];
  /** Called once between the first look at a file and its change. */
  meanwhile: (() => void) | null = null;

  constructor(texts: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(texts)) this.texts.set(path, text);
  }

  async read(path: string): Promise<Uint8Array | null> {
    const text = this.texts.get(path);
    return text === undefined ? null : encode(text);
  }

  async edit(
    path: string,
    change: (before: Uint8Array | null) => Uint8Array | null,
    options: EditOptions,
  ): Promise<EditResult> {
    if (this.meanwhile !== null) {
      change(await this.read(path));
      this.meanwhile();
      this.meanwhile = null;
    }
    const before = this.texts.get(path);
    const bytes = change(await this.read(path));
    const after = bytes === null ? undefined : decode(bytes);
    if (after === before) return { changed: false, tightened: false };
    if (after === undefined) this.texts.delete(path);
    else this.texts.set(path, after);
    this.writes.push({ path, options });
    return { changed: true, tightened: false };
  }
}
