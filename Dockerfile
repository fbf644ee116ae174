# docker build -t sftviz . && docker run --rm -p 127.0.0.1:8501:8501 sftviz
# As a Hugging Face Space: a Docker Space with `app_port: 8501`, and its name in the variable
# STREAMLIT_SERVER_ALLOWED_HOSTS; SECURITY.md says what a public demo needs beside it.
FROM python:3.11-slim
RUN useradd --create-home --uid 1000 user
WORKDIR /home/user/sftviz
COPY requirements.txt .
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu "torch==2.13.0+cpu" -r requirements.txt
COPY . .
RUN pip install --no-cache-dir --no-deps .
USER user
WORKDIR /home/user
EXPOSE 8501
CMD ["sftviz", "app", "--server.address=0.0.0.0", "--server.port=8501", "--server.headless=true"]
