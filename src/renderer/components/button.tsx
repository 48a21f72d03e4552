/** A button that stays focusable while it is under way: focus that vanished would start anew at the top. */
import type { ComponentPropsWithRef, ReactNode } from 'react';

interface ButtonProps extends Omit<ComponentPropsWithRef<'button'>, 'disabled' | 'className' | 'style'> {
  readonly look?: 'plain' | 'primary' | 'quiet';
  /** Nothing happens on a click. */
  readonly isOff?: boolean;
}

export function Button({ look = 'plain', isOff = false, onClick, ...rest }: ButtonProps): ReactNode {
  return (
    <button
      type="button"
      {...rest}
      className={`button button-${look}`}
      aria-disabled={isOff}
      onClick={(event) => {
        if (isOff) event.preventDefault();
        else onClick?.(event);
      }}
    />
  );
}
