/** The dialog that adds an account: by a pasted command line, by its fields, or by both. */
import { useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { Dialog } from '@base-ui/react/dialog';
import { Button } from '../../components/button.tsx';
import { Name } from '../../components/words.tsx';
import { useServices } from '../../services.ts';
import { errorWords } from '../../state-words.ts';
import { accountsText, addText, problemSentence } from '../../text.ts';
import { AddAccountModel, problemsOfForm, shownProblems, type FormState } from './add-account-model.ts';
import type { TextField as FieldName } from './form-values.ts';
import { KeyChoice } from './key-choice.tsx';
import { OutletChoice } from './outlet-choice.tsx';
import { PasteField } from './paste-field.tsx';
import { TextField } from './text-field.tsx';

/** Where the person wants to begin. */
export type Start = 'paste' | 'fields';

interface DialogProps {
  /** Null: it is closed. */
  readonly start: Start | null;
  readonly onClose: () => void;
}

export function AddAccountDialog({ start, onClose }: DialogProps): ReactNode {
  const { bridge, timers, accounts, announcer } = useServices();
  const [model] = useState(() => new AddAccountModel(bridge, timers));
  const state = useSyncExternalStore(model.subscribe, model.getSnapshot);
  const paste = useRef<HTMLTextAreaElement>(null);
  const first = useRef<HTMLInputElement>(null);
  const form = useRef<HTMLFormElement>(null);
  /** The row of a new account takes the focus, not the button that began it. */
  const wasAdded = useRef(false);

  useEffect(() => {
    if (start !== null) wasAdded.current = false;
    model.reset();
  }, [start, model]);

  const add = async (adopt: boolean): Promise<void> => {
    const label = state.values.label.trim() || state.values.id.trim();
    const id = await model.add(adopt);
    if (id === null) {
      // Once what is wrong is marked: the first of it may be out of sight.
      requestAnimationFrame(() => {
        form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
      });
      return;
    }
    wasAdded.current = true;
    await accounts.load();
    announcer.say(accountsText.added(label));
    onClose();
    accounts.reveal(id);
  };

  return (
    <Dialog.Root
      open={start !== null}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      disablePointerDismissal
    >
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup
          className="dialog"
          initialFocus={start === 'paste' ? paste : first}
          finalFocus={() => !wasAdded.current}
        >
          <Dialog.Title className="dialog-title">{addText.title}</Dialog.Title>
          <form
            ref={form}
            className="dialog-form"
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              void add(false);
            }}
          >
            <div className="dialog-body">
              <PasteField state={state} inputRef={paste} onText={(text) => model.setCommandLine(text)} />
              <Fields model={model} state={state} first={first} />
              <Remarks state={state} />
            </div>
            <div className="dialog-foot">
              <Refusal state={state} onTakeOver={() => void add(true)} />
              <Dialog.Close render={<Button />}>{addText.close}</Dialog.Close>
              <Button type="submit" look="primary" isOff={state.isAdding}>
                {state.isAdding ? addText.adding : addText.add}
              </Button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface FieldsProps {
  readonly model: AddAccountModel;
  readonly state: FormState;
  readonly first: React.Ref<HTMLInputElement>;
}

function Fields({ model, state, first }: FieldsProps): ReactNode {
  const problems = shownProblems(state);
  const field = (name: FieldName, isOptional = false): ReactNode => (
    <TextField
      field={name}
      value={state.values[name]}
      problems={problems}
      isOptional={isOptional}
      {...(name === 'id' ? { inputRef: first } : {})}
      onText={(changed, text) => model.setField(changed, text)}
      onLeave={(left) => model.touch(left)}
    />
  );
  return (
    <>
      <fieldset className="fields">
        <legend>{addText.identity}</legend>
        {field('id')}
        {field('label', true)}
        {field('group', true)}
      </fieldset>
      <fieldset className="fields">
        <legend>{addText.aws}</legend>
        {field('roleArn')}
        {field('profileArn')}
        {field('trustAnchorArn')}
        {field('sessionDuration', true)}
      </fieldset>
      <fieldset className="fields">
        <legend>{addText.key}</legend>
        {field('keys')}
        <KeyChoice
          keys={state.keys}
          chosen={state.values.keys}
          onFind={() => void model.findKeys()}
          onChoose={(uri) => model.chooseKey(uri)}
        />
        {field('certificate', true)}
        {field('intermediates', true)}
      </fieldset>
      <OutletChoice value={state.values.outlet} onChoose={(outlet) => model.setOutlet(outlet)} />
      <fieldset className="fields">
        <legend>{accountsText.profile}</legend>
        {field('awsProfile', true)}
        {field('profileRegion', true)}
      </fieldset>
    </>
  );
}

/** What is wrong with no field in particular, and what stops nothing. */
function Remarks({ state }: { readonly state: FormState }): ReactNode {
  const problems = problemsOfForm(shownProblems(state));
  return (
    <div role="status">
      {problems.map((problem) => (
        <p key={problem.code + problem.message} className="field-problem">
          <Name of={problemSentence(problem)} />
        </p>
      ))}
      {state.warnings.length > 0 && (
        <div className="field-news">
          <p>{addText.checkWarnings}</p>
          <ul>
            {state.warnings.map(({ code, message }) => (
              <li key={code + message}>
                <Name of={problemSentence({ field: null, message })} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

interface RefusalProps {
  readonly state: FormState;
  readonly onTakeOver: () => void;
}

function Refusal({ state, onTakeOver }: RefusalProps): ReactNode {
  const { error, isAdding, wasTried } = state;
  const hasProblems = wasTried && !isAdding && shownProblems(state).length > 0;
  return (
    <div role="alert" className="dialog-refusal">
      {error === null && hasProblems && <p>{addText.notReady}</p>}
      {error !== null && (
        <p>
          <Name of={`${errorWords(error).message} ${errorWords(error).remedy}`} />
        </p>
      )}
      {error?.code === 'section-foreign' && (
        <Button isOff={isAdding} onClick={onTakeOver}>
          {addText.takeOver}
        </Button>
      )}
    </div>
  );
}
