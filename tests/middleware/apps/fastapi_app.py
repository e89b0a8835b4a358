# SPDX-License-Identifier: Apache-2.0
import asyncio

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse

import shipping
from skywatch_profiler.asgi import ProfilerMiddleware

app = FastAPI()


@app.get("/rates/{n}")
async def rates(n: int):
    await asyncio.sleep(shipping.WORK_S)
    return "worked"


@app.head("/items/{n}")
@app.get("/items/{n}")
def items(n: int):
    shipping.two_queries()
    return PlainTextResponse(f"item {n}")


@app.post("/items/{n}", status_code=201)
def make_item(n: int):
    shipping.two_queries()
    return n


@app.get("/export")
def export():
    return StreamingResponse(b"x" * 1000 for _ in range(3))


@app.get("/latest")
def latest():
    return RedirectResponse("/items/1", status_code=302)


@app.get("/failing")
def failing():
    raise RuntimeError("expected by the test")


app.add_middleware(ProfilerMiddleware, **shipping.OPTIONS)
shipping.ship()
