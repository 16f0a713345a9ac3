import type { Request, Response } from 'express';
import { z } from 'zod';
import { answerJson } from '../answer.ts';
import { PROBLEM_CODES, problemHtml, problemPage, problemsHtml } from '../problem-page.ts';
import { ApiProblem } from '../problems.ts';
import { checked, problem, type Route } from '../route.ts';
import { problem as problemShape } from '../shapes.ts';

const codeShape = z.string().regex(/^[a-z0-9_]{1,64}$/, 'is a code of lower-case letters, digits and _');
const params = z.strictObject({ code: codeShape.describe('As `code` in a refusal.') });
const one = z.object({
  type: z.string(),
  code: z.string(),
  status: z.int(),
  title: z.string().describe('What was wrong.'),
  advice: z.string().describe('What to do.'),
});
const list = z.object({ problems: z.array(one.pick({ type: true, code: true, status: true, title: true })) });
const both = (description: string, schema: z.ZodType) => ({
  description,
  content: { 'application/json': { schema }, 'text/html': { schema: z.string() } },
});

const wantsHtml = (request: Request): boolean => request.accepts(['application/json', 'text/html']) === 'text/html';
const html = (response: Response, text: string): void => void response.type('html').send(text);

/** A page per refusal: `type` of each leads here. */
export const problemRoutes = (): Route[] => [
  {
    access: { kind: 'public' },
    doc: {
      method: 'get',
      path: '/problems',
      tags: ['problems'],
      summary: 'Every code',
      responses: { 200: both('The codes, also as a page for people.', list) },
    },
    handle(request, response) {
      if (wantsHtml(request)) return html(response, problemsHtml());
      const problems = PROBLEM_CODES.flatMap((code) => {
        const { type, status, title } = problemPage(code) ?? {};
        return [{ type, code, status, title }];
      });
      answerJson(response, 200, { problems });
    },
  },
  {
    access: { kind: 'public' },
    doc: {
      method: 'get',
      path: '/problems/{code}',
      tags: ['problems'],
      summary: 'What a code means, and what to do',
      request: { params },
      responses: {
        200: both('The code, also as a page for people.', one.extend({ example: problemShape })),
        404: problem('`not_found`'),
      },
    },
    handle(request, response) {
      const page = problemPage(checked(params, request.params).code);
      if (!page) throw new ApiProblem('not_found');
      if (wantsHtml(request)) return html(response, problemHtml(page));
      answerJson(response, 200, page);
    },
  },
];
