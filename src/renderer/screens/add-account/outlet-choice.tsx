/** How programs get the credentials: one of three, a sentence each. */
import { useId, type ReactNode } from 'react';
import { addText, outletText } from '../../text.ts';
import type { Outlet } from '../../../shared/model.ts';

const offered = ['credential-process', 'credentials-file', 'none'] as const satisfies readonly Outlet[];

interface OutletChoiceProps {
  readonly value: Outlet;
  readonly onChoose: (outlet: Outlet) => void;
}

export function OutletChoice({ value, onChoose }: OutletChoiceProps): ReactNode {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend>{addText.programs}</legend>
      {offered.map((outlet) => (
        <label key={outlet} className="choice">
          <input type="radio" name={name} checked={outlet === value} onChange={() => onChoose(outlet)} />
          <span>
            <strong>{outletText[outlet].label}</strong>
            <span className="choice-line">{outletText[outlet].help}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
