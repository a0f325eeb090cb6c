"""Go on with an interrupted training: python scripts/resume.py run=RUN_FOLDER."""

from segadapt.cli.resume import resume

if __name__ == "__main__":
    resume()
