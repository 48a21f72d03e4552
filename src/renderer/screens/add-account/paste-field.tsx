/** Where a command line of the helper is pasted, and what became of it. */
import { useId, type ReactNode, type Ref } from 'react';
import { Name, Words } from '../../components/words.tsx';
import { addText, fieldText, problemSentence } from '../../text.ts';
import type { FormState } from './add-account-model.ts';
import type { Carried } from './form-values.ts';

interface PasteFieldProps {
  readonly state: FormState;
  readonly inputRef: Ref<HTMLTextAreaElement>;
  readonly onText: (text: string) => void;
}

export function PasteField({ state, inputRef, onText }: PasteFieldProps): ReactNode {
  const { commandLine, read } = state;
  const [inputId, helpId, problemId] = [useId(), useId(), useId()];
  const problem = read?.problem ?? null;
  const hasTaken = (read?.account ?? null) !== null;
  return (
    <div className="field">
      <label htmlFor={inputId}>
        {addText.pasteLabel} <span className="field-optional">({addText.optional})</span>
      </label>
      <textarea
        id={inputId}
        ref={inputRef}
        rows={3}
        value={commandLine}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={problem !== null}
        aria-describedby={problem === null ? helpId : `${helpId} ${problemId}`}
        onChange={(event) => onText(event.target.value)}
      />
      <p id={helpId} className="field-help">
        {addText.pasteHelp}
      </p>
      {problem !== null && (
        <p id={problemId} className="field-problem">
          <Name of={problemSentence({ field: null, message: problem.message })} />
        </p>
      )}
      <div role="status">{hasTaken && <Taken state={state} />}</div>
    </div>
  );
}

function Taken({ state: { read, carried } }: { readonly state: FormState }): ReactNode {
  const dropped = read?.dropped ?? [];
  const rest = carriedSentences(carried);
  return (
    <div className="field-news">
      <p>{addText.pasteTaken}</p>
      {dropped.length > 0 && (
        <ul>
          {dropped.map(({ flag, reason }) => (
            <li key={`${flag} ${reason}`}>
              <Words of={addText.dropped(flag, reason)} />
            </li>
          ))}
        </ul>
      )}
      {rest.length > 0 && (
        <>
          <p>{addText.pasteCarried}</p>
          <ul>
            {rest.map(([what, value]) => (
              <li key={what}>
                <Words of={addText.carried(what, value)} />
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function carriedSentences(carried: Carried): readonly (readonly [what: string, value: string])[] {
  const { roleSessionName, pkcs11Lib, endpoint, useFipsEndpoint, useDualstackEndpoint, moreKeys } = carried;
  const all = [
    [fieldText('roleSessionName').label, roleSessionName],
    [fieldText('pkcs11Lib').label, pkcs11Lib],
    [fieldText('endpoint').label, endpoint],
    [fieldText('useFipsEndpoint').label, useFipsEndpoint === true ? addText.yes : null],
    [fieldText('useDualstackEndpoint').label, useDualstackEndpoint === true ? addText.yes : null],
    [addText.moreKeys, moreKeys?.join(' ')],
  ] as const;
  return all.flatMap(([what, value]) =>
    value === undefined || value === null || value === '' ? [] : [[what, value] as const],
  );
}
