"""The demonstration: June 2026 through a running gateway, judged by what did not decide it."""

from licet.demo.playing import Audience, play
from licet.demo.screen import Lines, Screen
from licet.demo.script import Pass, passes
from licet.demo.tally import Report, Tally
from licet.demo.telling import summary

__all__ = ["Audience", "Lines", "Pass", "Report", "Screen", "Tally", "passes", "play", "summary"]
