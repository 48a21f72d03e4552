/** How much of a session is left, as a ring with the time in it. For the eye alone: the words beside it say the same. */
import { memo, type ReactNode } from 'react';
import { fractionLeft, secondsLeft } from '../remaining.ts';
import { useTicking } from '../services.ts';
import type { Tone } from '../state-words.ts';
import { remainingShort } from '../text.ts';
import type { State } from '../../shared/model.ts';

const radius = 19;
const around = 2 * Math.PI * radius;

interface RingProps {
  readonly serving: State['serving'];
  readonly tone: Tone;
}

export const Ring = memo(function Ring({ serving, tone }: RingProps): ReactNode {
  return (
    <svg className={`ring ring-${tone}`} viewBox="0 0 44 44" width="44" height="44" aria-hidden="true">
      <circle className="ring-track" cx="22" cy="22" r={radius} />
      {serving === null ? <Sign tone={tone} /> : <Left serving={serving} />}
    </svg>
  );
});

function Left({ serving }: { readonly serving: NonNullable<State['serving']> }): ReactNode {
  const fraction = useTicking((now) => fractionLeft(serving, now));
  const minutes = useTicking((now) => Math.floor(secondsLeft(serving.expiresAt, now) / 60));
  const { value, unit } = remainingShort(minutes * 60);
  return (
    <>
      <circle
        className="ring-left"
        cx="22"
        cy="22"
        r={radius}
        transform="rotate(-90 22 22)"
        strokeDasharray={around}
        strokeDashoffset={around * (1 - fraction)}
      />
      <text className="ring-value" x="22" y="22.5" textAnchor="middle">
        {value}
      </text>
      <text className="ring-unit" x="22" y="32" textAnchor="middle">
        {unit}
      </text>
    </>
  );
}

/** Told apart by shape, not by colour alone. */
function Sign({ tone }: { readonly tone: Tone }): ReactNode {
  switch (tone) {
    case 'busy':
      return <circle className="ring-busy" cx="22" cy="22" r={radius} strokeDasharray={around / 12} />;
    case 'wants':
      return <path className="ring-sign" d="M22 13v11M22 29.5v.5" />;
    case 'bad':
      return <path className="ring-sign" d="M16.5 16.5l11 11M27.5 16.5l-11 11" />;
    case 'on':
    case 'off':
      return <path className="ring-sign" d="M17 22h10" />;
  }
}
