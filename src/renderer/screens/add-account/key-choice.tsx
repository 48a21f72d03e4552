/** The keys that can be seen, to choose one from. One that cannot be used says why. */
import { useId, type ReactNode } from 'react';
import { Button } from '../../components/button.tsx';
import { Name, Words } from '../../components/words.tsx';
import { errorWords } from '../../state-words.ts';
import { addText } from '../../text.ts';
import type { KeyInfo, TokenInfo, Tokens } from '../../../shared/model.ts';
import { keysFound, type FormState } from './add-account-model.ts';

interface KeyChoiceProps {
  readonly keys: FormState['keys'];
  readonly chosen: string;
  readonly onFind: () => void;
  readonly onChoose: (uri: string) => void;
}

export function KeyChoice({ keys, chosen, onFind, onChoose }: KeyChoiceProps): ReactNode {
  return (
    <div className="keys">
      <Button isOff={keys === 'looking'} onClick={onFind}>
        {keys === 'looking' ? addText.looking : addText.findKeys}
      </Button>
      <div role="status">
        {typeof keys !== 'string' && <Outcome keys={keys} chosen={chosen} onChoose={onChoose} />}
      </div>
    </div>
  );
}

type OutcomeProps = Pick<KeyChoiceProps, 'chosen' | 'onChoose'>;

function Outcome({
  keys,
  ...rest
}: OutcomeProps & { readonly keys: Exclude<FormState['keys'], string> }): ReactNode {
  if (!('tokens' in keys)) {
    const { message, remedy } = errorWords(keys);
    return (
      <p className="field-problem">
        <Name of={`${message} ${remedy}`} />
      </p>
    );
  }
  return <Found tokens={keys} {...rest} />;
}

function Found({ tokens, chosen, onChoose }: OutcomeProps & { readonly tokens: Tokens }): ReactNode {
  const name = useId();
  const found = keysFound(tokens);
  return (
    <>
      {found.length === 0 ? (
        <p className="field-help">{addText.noKeys}</p>
      ) : (
        <fieldset className="choices">
          <legend>{addText.keysFound}</legend>
          {found.map(({ token, key }) => (
            <KeyOption
              key={`${token.module} ${token.serial} ${key.uri}`}
              group={name}
              token={token}
              info={key}
              isChosen={key.uri === chosen}
              onChoose={onChoose}
            />
          ))}
        </fieldset>
      )}
      {tokens.modules.map(({ path, error }) =>
        error === null ? null : (
          <p key={path} className="field-help">
            <Words of={addText.moduleFailed(path, error.message)} />
          </p>
        ),
      )}
    </>
  );
}

interface KeyOptionProps {
  readonly group: string;
  readonly token: TokenInfo;
  readonly info: KeyInfo;
  readonly isChosen: boolean;
  readonly onChoose: (uri: string) => void;
}

function KeyOption({ group, token, info, isChosen, onChoose }: KeyOptionProps): ReactNode {
  const { certificate } = info;
  return (
    <label className={info.usable ? 'choice' : 'choice choice-off'}>
      <input
        type="radio"
        name={group}
        checked={isChosen}
        disabled={!info.usable}
        onChange={() => onChoose(info.uri)}
      />
      <span>
        <strong>
          <Name of={info.label || info.id} />
        </strong>{' '}
        <span className="choice-kind">{addText.keyKind(info.type, info.size)}</span>
        <span className="choice-line">
          <Words of={addText.keyOn(token.label, token.serial)} />
        </span>
        <span className="choice-line">
          {certificate === null ? (
            addText.noCertificate
          ) : (
            <Words of={addText.certificateUntil(certificate.subject, certificate.notAfter)} />
          )}
        </span>
        {info.problems.map(({ code, message }) => (
          <span key={code} className="choice-line choice-problem">
            <Name of={message} />
          </span>
        ))}
      </span>
    </label>
  );
}
