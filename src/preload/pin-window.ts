/** The PIN window's bridge. */
import { expose, type DoorNames } from './expose.ts';

declare const ROLEKEY_DOOR: DoorNames;

expose(ROLEKEY_DOOR);
