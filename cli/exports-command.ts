import { Command } from 'commander';
import { addCommand } from './exports/add-command.ts';
import { attachCommand } from './exports/attach-command.ts';
import { changeCommands } from './exports/change-commands.ts';
import { ddlCommand } from './exports/ddl-command.ts';
import { lookCommands } from './exports/look-commands.ts';
import { offerCommand } from './exports/offer-command.ts';
import { verifyErasureCommand } from './exports/verify-erasure-command.ts';

/** `ddc exports`. */
export const command = (): Command =>
  [
    addCommand(),
    attachCommand(),
    offerCommand(),
    ...lookCommands(),
    ...changeCommands(),
    verifyErasureCommand(),
    ddlCommand(),
  ].reduce((exports, one) => exports.addCommand(one), new Command('exports').description('declared exports'));
