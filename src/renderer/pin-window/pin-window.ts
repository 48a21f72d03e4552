/**
 * The PIN window: one question, one field. What is typed goes to the main side as soon as it is sent and stays nowhere
 * here. The main side opens and closes the window; the page never does.
 */
import { bridgeOf } from '../bridge.ts';
import type { Sentence } from '../sentence.ts';
import { pinText } from '../text.ts';
import type { Prompt, PromptAnswer } from '../../shared/model.ts';

const bridge = bridgeOf<'pin-window'>();
const place = document.getElementById('question');

function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

/** What is foreign stands in a `bdi` of its own, as text. */
function words(sentence: Sentence): (Node | string)[] {
  return sentence.map((piece) => (typeof piece === 'string' ? piece : element('bdi', {}, piece.foreign)));
}

/** A touch is no question: there is nothing to type, and nothing to send. */
function showTouch(prompt: Extract<Prompt, { kind: 'touch' }>): void {
  const waiting = pinText.accounts(prompt.accounts);
  const problem = element('p', { role: 'alert', class: 'problem' });
  const cancel = element('button', { type: 'button', class: 'button' }, pinText.cancel);
  const giveUp = async (): Promise<void> => {
    if (cancel.disabled) return;
    cancel.disabled = true;
    cancel.textContent = pinText.ending;
    const answered = await bridge.calls.answerPrompt({ id: prompt.id, answer: { cancel: true } });
    if (!('error' in answered)) return; // the main side closes the window
    problem.textContent = pinText.failed(answered.error);
    cancel.disabled = false;
    cancel.textContent = pinText.cancel;
  };
  const dialog = element(
    'div',
    { role: 'dialog', class: 'touch', 'aria-labelledby': 'what', 'aria-describedby': 'about' },
    element('h1', { id: 'what' }, ...words(pinText.what(prompt))),
    element(
      'div',
      { id: 'about' },
      element('p', {}, pinText.blinks),
      ...(waiting === null ? [] : [element('p', {}, ...words(waiting))]),
      element('p', { class: 'asked' }, ...words(pinText.askedBy(prompt.askedBy))),
    ),
    problem,
    element('div', { class: 'actions' }, cancel),
  );
  cancel.addEventListener('click', () => void giveUp());
  dialog.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') void giveUp();
  });
  document.title = pinText.title(prompt);
  place?.replaceChildren(dialog);
  cancel.focus();
}

function show(prompt: Prompt): void {
  if (prompt.kind === 'touch') showTouch(prompt);
  else ask(prompt);
}

/** Whether the PIN sent last was to be remembered: where it was wrong, so is the next. */
let wished = false;

function ask(prompt: Exclude<Prompt, { kind: 'touch' }>): void {
  const tries = pinText.tries(prompt);
  const isLastTry = prompt.kind === 'pin' && prompt.finalTry;
  const waiting = prompt.kind === 'confirm-module' ? null : pinText.accounts(prompt.accounts);
  const problem = element('p', { role: 'alert', class: 'problem' });
  const field = element('input', {
    ...{ type: 'password', id: 'secret', name: 'secret', autocomplete: 'off', spellcheck: 'false' },
    ...{ maxlength: '1024', 'aria-labelledby': 'what', 'aria-describedby': 'about tries' },
  });
  const box = element('input', { type: 'checkbox', id: 'remember', 'aria-describedby': 'remember-warning' });
  const isNextTry = 'previous' in prompt && (prompt.previous === 'incorrect' || prompt.previous === 'length');
  box.checked = isNextTry && wished;
  const mayRemember = prompt.kind === 'pin' && prompt.mayRemember;
  const send = element('button', { type: 'submit', class: 'button button-primary' }, pinText.enter);
  const cancel = element('button', { type: 'button', class: 'button' }, pinText.cancel);
  const form = element(
    'form',
    {},
    element('h1', { id: 'what' }, ...words(pinText.what(prompt))),
    element(
      'div',
      { id: 'about' },
      ...(waiting === null ? [] : [element('p', {}, ...words(waiting))]),
      element('p', { class: 'asked' }, ...words(pinText.askedBy(prompt.askedBy))),
    ),
    problem,
    element('p', { id: 'tries', class: isLastTry ? 'last-try' : 'tries' }, tries ?? ''),
    field,
    ...(mayRemember
      ? [
          element('label', { class: 'remember' }, box, pinText.remember),
          element('p', { id: 'remember-warning', class: 'warning' }, pinText.rememberWarning),
        ]
      : []),
    element('div', { class: 'actions' }, cancel, send),
  );

  let isUnderWay = false;
  const adapt = (): void => {
    send.disabled = isUnderWay || field.value === '';
    field.readOnly = isUnderWay;
    box.disabled = isUnderWay;
    send.textContent = isUnderWay ? pinText.sending : pinText.enter;
  };
  const answer = async (given: PromptAnswer): Promise<void> => {
    isUnderWay = true;
    field.value = '';
    problem.textContent = '';
    adapt();
    const answered = await bridge.calls.answerPrompt({ id: prompt.id, answer: given });
    if (!('error' in answered)) return; // the main side closes the window, or asks again
    isUnderWay = false;
    problem.textContent = pinText.failed(answered.error);
    adapt();
  };
  field.addEventListener('input', adapt);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (isUnderWay || field.value === '') return;
    wished = box.checked;
    void answer({ secret: field.value, ...(wished ? { remember: true } : {}) });
  });
  const giveUp = (): void => {
    if (!isUnderWay) void answer({ cancel: true });
  };
  cancel.addEventListener('click', giveUp);
  form.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') giveUp();
  });

  document.title = pinText.title(prompt);
  // A dialog, so that a screen reader says who asks for what as soon as the field has the focus.
  const named = { role: 'dialog', 'aria-labelledby': 'what', 'aria-describedby': 'about' };
  place?.replaceChildren(element('div', named, form));
  // Said once it stands on the page: only what changes is read out.
  problem.textContent = pinText.previous(prompt) ?? '';
  adapt();
  field.focus();
}

let isTold = false;
bridge.on('prompt', (prompt) => {
  isTold = true;
  show(prompt);
});

async function showCurrent(): Promise<void> {
  const current = await bridge.calls.currentPrompt({});
  if (isTold) return; // what was told meanwhile is the newer of the two
  if ('result' in current && current.result.prompt !== null) show(current.result.prompt);
  else {
    const why = 'error' in current ? pinText.failed(current.error) : pinText.nothing;
    place?.replaceChildren(element('h1', {}, why));
  }
}
void showCurrent();
