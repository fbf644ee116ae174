def check_data() -> None:
    """"""
