/**
 * `npm run bench`: the figures Rolekey is measured by, medians and ratios of one run. Nothing here passes or fails:
 * a goal stands beside its figure. With the argument `hardware` only those of hardware keys.
 */
import { World } from '../support/world/world.ts';
import { agentFigures } from './agent.ts';
import { cliFigures } from './cli.ts';
import { connectFigures } from './connect.ts';
import { credentialsFileFigures } from './credentials-file.ts';
import { hardwareFigures } from './hardware.ts';
import { helperFigures } from './helper.ts';
import { protocolFigures } from './protocol.ts';
import { signatureFigures } from './signatures.ts';

async function main(): Promise<void> {
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}; medians of one run.`);
  const world = await World.open();
  try {
    if (process.argv[2] === 'hardware') {
      await hardwareFigures(world);
      return;
    }
    await protocolFigures(world);
    const { rawMs } = await signatureFigures(world);
    const { httpMs } = await connectFigures(world, rawMs);
    await credentialsFileFigures(world.folder('bench'));
    await cliFigures(world);
    await helperFigures(world);
    await hardwareFigures(world);
    await agentFigures(world, { signMs: rawMs, httpMs });
  } finally {
    await world.dispose();
  }
}

void main();
