"""Leaderboard, partial reports and exports."""
