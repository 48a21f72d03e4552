/** Sentences and names as they are shown: what is foreign stands in a `bdi` of its own. */
import type { ReactNode } from 'react';
import { visible, type Sentence } from '../sentence.ts';

export function Words({ of }: { readonly of: Sentence }): ReactNode {
  return of.map((piece, index) =>
    // A sentence’s pieces never change places.
    typeof piece === 'string' ? piece : <bdi key={String(index)}>{piece.foreign}</bdi>,
  );
}

/** A name somebody gave. */
export function Name({ of }: { readonly of: string }): ReactNode {
  return <bdi>{visible(of)}</bdi>;
}
