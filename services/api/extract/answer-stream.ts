import type { Response } from 'express';
import { problemOf } from '../problem-answer.ts';
import { ClientGone } from '../read-body.ts';
import type { Telemetry } from '../telemetry.ts';
import { lineOf } from './event-lines.ts';
import { createLineWriter, type LineForm, type LineWriter, NDJSON } from './line-writer.ts';
import { createPatience } from './patience.ts';

export interface AnswerStreamDeps {
  readonly telemetry: Pick<Telemetry, 'refused' | 'answered'>;
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
}

/** Answers with what is written, as fast as it is read. Once the head is out a refusal is its last line. @param name for the metrics */
export async function answerStream(
  { telemetry, elapsed }: AnswerStreamDeps,
  name: string,
  response: Response,
  write: (out: LineWriter) => Promise<void>,
  form: LineForm = NDJSON,
): Promise<void> {
  try {
    await write(createLineWriter(response, createPatience(elapsed), form));
    telemetry.answered(name, 200);
  } catch (error) {
    if (error instanceof ClientGone) return;
    if (!response.headersSent) throw error;
    // The head is out: the last line tells what an answer of its own would have told.
    const told = problemOf(error);
    telemetry.refused(name, told, error);
    response.write(form.text(lineOf('problem', told.body)));
  }
  response.end();
}
