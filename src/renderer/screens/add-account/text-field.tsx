/** A field of text with its name, what to put there, and what is wrong with it. */
import { useId, type ReactNode, type Ref } from 'react';
import { Name } from '../../components/words.tsx';
import { addText, fieldText, problemSentence } from '../../text.ts';
import type { FieldProblem } from '../../../shared/api.ts';
import type { TextField as FieldName } from './form-values.ts';

interface TextFieldProps {
  readonly field: FieldName;
  readonly value: string;
  readonly problems: readonly FieldProblem[];
  readonly isOptional?: boolean;
  readonly inputRef?: Ref<HTMLInputElement>;
  readonly onText: (field: FieldName, text: string) => void;
  readonly onLeave: (field: FieldName) => void;
}

export function TextField(props: TextFieldProps): ReactNode {
  const { field, value, isOptional = false, inputRef, onText, onLeave } = props;
  const { label, help } = fieldText(field);
  const [helpId, problemId, inputId] = [useId(), useId(), useId()];
  const problems = props.problems.filter((problem) => problem.field === field);
  const isWrong = problems.length > 0;
  const describedBy = [help === null ? null : helpId, isWrong ? problemId : null].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={inputId}>
        {label} {isOptional && <span className="field-optional">({addText.optional})</span>}
      </label>
      <input
        id={inputId}
        ref={inputRef}
        name={field}
        value={value}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        aria-required={!isOptional}
        aria-invalid={isWrong}
        {...(describedBy === '' ? {} : { 'aria-describedby': describedBy })}
        onChange={(event) => onText(field, event.target.value)}
        onBlur={() => onLeave(field)}
      />
      {help !== null && (
        <p id={helpId} className="field-help">
          {help}
        </p>
      )}
      {isWrong && (
        <p id={problemId} className="field-problem">
          <Name of={problems.map(problemSentence).join(' ')} />
        </p>
      )}
    </div>
  );
}
